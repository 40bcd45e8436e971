import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '@berth/errors'
import { WatchedFile } from '../stored/watched-file.ts'
import {
  formatSigningKeys,
  makeSigningKey,
  parseChangedSigningKeys,
  requireSigningKey,
  type SigningKey,
} from './signing-key.ts'

/** Error codes of `link` on file systems that have no hard links. */
const withoutLinks = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/** Where the keys are that tokens are signed with. */
export interface KeyStore {
  /** The same value for as long as they are the same. @throws RegistryError UNAVAILABLE they cannot be read */
  readonly value: readonly SigningKey[]
  /** @throws Error they cannot be written */
  replace(keys: readonly SigningKey[]): void
}

/** Keys in a file, as it is whenever that is asked for. */
export function openKeyFile(path: string, log: Logger): KeyStore {
  const file = WatchedFile.open({ path, parse: parseChangedSigningKeys, requireFirst: requireSigningKey, log })
  return {
    get value() {
      return file.value
    },
    replace: (keys) => replaceKeyFile(path, keys),
  }
}

/** Keys that end with the process. */
export function keysInMemory(): KeyStore {
  let value: readonly SigningKey[] = [makeSigningKey(0)]
  return {
    get value() {
      return value
    },
    replace: (keys) => {
      value = keys
    },
  }
}

/** Makes the file with one key, unless there is one. @returns whether it was made */
export function makeKeyFile(path: string): boolean {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const text = formatSigningKeys([makeSigningKey(Math.floor(Date.now() / 1000))])
  return withFileBeside(path, text, (made) => giveName(made, path))
}

/** Whole, or not at all: others may be about to make it, or to read it. @returns whether the name was free */
function giveName(made: string, path: string): boolean {
  try {
    linkSync(made, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === undefined || !withoutLinks.includes(code)) throw error
  }
  // Where there are no hard links, of several that make it at once the last one counts, for all of them.
  renameSync(made, path)
  return true
}

export function replaceKeyFile(path: string, keys: readonly SigningKey[]): void {
  withFileBeside(path, formatSigningKeys(keys), (made) => renameSync(made, path))
}

function withFileBeside<T>(path: string, text: string, work: (made: string) => T): T {
  const made = `${path}.${randomUUID()}`
  try {
    writeFileSync(made, text, { flag: 'wx', mode: 0o600, flush: true })
    return work(made)
  } finally {
    rmSync(made, { force: true })
  }
}
