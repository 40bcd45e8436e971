import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Logger } from '@berth/errors'
import { layout } from '@berth/storage'
import { type Abilities, allAbilities, describeLacks, findAbilities } from './abilities.ts'
import { type FileSystem, FileSystemError } from './file-system.ts'
import { closeToOthers, makeOwnDirectories, ownRoot, privateDirectory, syncParents } from './private-files.ts'

/** By the magic numbers of `statfs(2)`: ext, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS, bcachefs. */
const localFileSystems: ReadonlySet<number> = new Set([
  0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010, 0xca45_1a4e,
])

/** A tree that a driver may use. */
export interface CheckedTree {
  /** Absolute. */
  readonly root: string
  /** Whether its file system is known to be this machine's own. */
  readonly isLocal: boolean
  readonly abilities: Abilities
  /** Whether the directory of temporary files is there. It is not where the disk was full before Berth first came. */
  readonly hasTemporaryDirectory: boolean
}

/**
 * Makes the root and the directory of temporary files, durably, and finds out what their file system can do. A full
 * disk is no error: what is stored can be read and removed.
 *
 * @throws Error that says what is wrong with which directory
 */
export async function prepareTree(rootDirectory: string, files: FileSystem, log: Logger): Promise<CheckedTree> {
  const root = resolve(rootDirectory)
  const temporary = `${root}${layout.temporaryRoot}`
  let abilities: Abilities | undefined
  let hasTemporaryDirectory = false
  try {
    hasTemporaryDirectory = await makeTemporaryDirectory(root, files)
    if (hasTemporaryDirectory) abilities = await findAbilities(files, temporary)
  } catch (error) {
    throw new Error(`cannot keep files in ${root}: ${(error as Error).message}${hintFor(error)}`, { cause: error })
  }
  if (abilities === undefined) log.warn({ path: root }, 'the disk is full: pushes fail until there is space')
  else await tell(root, abilities, log)
  await checkPlaces(root, await nearestExisting(temporary))
  const isLocal = await isOnLocalFileSystem(root)
  return { root, isLocal, abilities: abilities ?? allAbilities, hasTemporaryDirectory }
}

/**
 * Looks at a tree that is only read. Nothing is written, and nothing need be there.
 *
 * @returns also whether Berth's own records may be read, as another user's may not
 * @throws Error the root is there, and cannot be read
 */
export async function inspectTree(
  rootDirectory: string,
  log: Logger,
): Promise<CheckedTree & { readonly hasReadableRecords: boolean }> {
  const root = resolve(rootDirectory)
  try {
    if (!(await fs.stat(root)).isDirectory()) throw new Error('it is not a directory')
    await fs.access(root, constants.R_OK | constants.X_OK)
  } catch (error) {
    if (!isMissing(error)) throw new Error(`cannot read ${root}: ${(error as Error).message}`, { cause: error })
    log.warn({ path: root }, 'the root directory does not exist: every repository is unknown until it does')
  }
  const hasReadableRecords = await mayReadRecords(root)
  if (!hasReadableRecords) {
    const path = root + layout.berthRoot
    log.warn({ path }, "Berth's own records may not be read: catalog and referrers are found anew for each request")
  }
  const isLocal = await isOnLocalFileSystem(root)
  return { root, isLocal, abilities: allAbilities, hasTemporaryDirectory: false, hasReadableRecords }
}

async function mayReadRecords(root: string): Promise<boolean> {
  for (const path of [ownRoot, layout.berthRoot, layout.catalogRoot, layout.catalogEntriesRoot]) {
    try {
      await fs.access(root + path, constants.R_OK | constants.X_OK)
    } catch (error) {
      return isMissing(error)
    }
  }
  return true
}

async function isOnLocalFileSystem(path: string): Promise<boolean> {
  return localFileSystems.has((await fs.statfs(await nearestExisting(path))).type)
}

/** @returns whether it is there; it is not where the disk is full */
async function makeTemporaryDirectory(root: string, files: FileSystem): Promise<boolean> {
  const temporary = `${root}${layout.temporaryRoot}`
  try {
    await makeOwnDirectories(root, files)
    await syncParents(temporary, await fs.mkdir(temporary, { recursive: true, mode: privateDirectory }), files)
    return true
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    return fs.stat(temporary).then(
      (stats) => stats.isDirectory(),
      () => false,
    )
  }
}

async function tell(root: string, abilities: Abilities, log: Logger): Promise<void> {
  const lacks = describeLacks(abilities)
  if (lacks.length > 0) log.warn({ path: root, lacks }, 'the file system lacks features: see docs/storage.md')
  if (!abilities.keepsModes) return
  const open = await closeToOthers(root)
  if (open.length > 0) log.warn({ paths: open }, "other users may read what is Berth's own: change its permissions")
}

/** Content is renamed between all of these. */
async function checkPlaces(root: string, temporary: string): Promise<void> {
  const { dev } = await fs.stat(temporary)
  for (const place of [layout.blobsRoot, layout.repositoriesRoot]) {
    const existing = await nearestExisting(`${root}${place}`)
    if ((await fs.stat(existing)).dev !== dev) {
      throw new Error(`${existing} and ${temporary} must be on the same file system: content is renamed between them`)
    }
    try {
      await fs.access(existing, constants.R_OK | constants.W_OK | constants.X_OK)
    } catch (error) {
      throw new Error(`cannot read and write ${existing}`, { cause: error })
    }
  }
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await fs.stat(path)
    return path
  } catch (error) {
    if (!isMissing(error)) throw error
    return nearestExisting(dirname(path))
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Says which setting is for a tree that cannot be written to. */
export function hintFor(error: unknown): string {
  const code = error instanceof FileSystemError ? error.code : (error as NodeJS.ErrnoException).code
  if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') return ''
  return '; storage.maintenance.readonly.enabled serves a tree that cannot be written to'
}
