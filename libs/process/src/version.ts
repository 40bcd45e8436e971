import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Berth's version, as in the root package.json. */
export const version = '0.1.0'

/** Defined by tools/bundle.mjs alone; empty in a bundle of unknown revision. */
declare const BUNDLED_REVISION: string

/** The git commit of a bundle's sources, or the commit that is checked out. `undefined` where neither is known. */
export const revision: string | undefined =
  typeof BUNDLED_REVISION === 'string'
    ? BUNDLED_REVISION || undefined
    : readRevision(resolve(import.meta.dirname, '../../..'))

/** The version as text, with the revision where one is known. */
export const versionText = revision === undefined ? version : `${version} (${revision})`

/** Reads the checked-out commit from `.git` without running git. @returns `undefined` if `checkout` is not a checkout */
export function readRevision(checkout: string): string | undefined {
  try {
    const gitDirectory = gitDirectoryOf(checkout)
    const head = readFileSync(join(gitDirectory, 'HEAD'), 'utf8').trim()
    const branch = /^ref: (.+)$/.exec(head)?.[1]
    const commit = branch === undefined ? head : readBranch(gitDirectory, branch)
    return commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined
  } catch {
    return undefined
  }
}

/** `.git` is a directory; in a worktree or a submodule it is a file that names the directory. */
function gitDirectoryOf(checkout: string): string {
  const path = join(checkout, '.git')
  const named = readIfPresent(path)
  return named === undefined ? path : resolve(checkout, named.trim().replace(/^gitdir: /, ''))
}

function readBranch(gitDirectory: string, branch: string): string | undefined {
  // A worktree's branches are in the directory of the main checkout.
  const directory = resolve(gitDirectory, readIfPresent(join(gitDirectory, 'commondir'))?.trim() ?? '.')
  const loose = readIfPresent(join(directory, branch))?.trim()
  if (loose !== undefined) return loose
  const packed = readIfPresent(join(directory, 'packed-refs'))?.split('\n')
  return packed?.find((line) => line.endsWith(` ${branch}`))?.split(' ')[0]
}

/** @returns `undefined` if there is no such file, or it is a directory */
function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
