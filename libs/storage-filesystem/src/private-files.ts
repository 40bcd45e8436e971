import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { layout } from '@berth/storage'
import { isUnsupportedSync } from './abilities.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

/**
 * Permissions of what Berth keeps for itself, below `berth/`: its owner's alone, whatever the umask. Unfinished writes
 * keep the permissions that the umask leaves, since they become Distribution's files; the directory keeps others out.
 */
export const privateDirectory = 0o700
export const privateFile = 0o600

const othersMay = 0o077
/** `/berth`, the parent of everything that is Berth's own. */
export const ownRoot = layout.berthRoot.slice(0, layout.berthRoot.lastIndexOf('/'))

/** Makes the directories of Berth's own records, durably, and the root if it is missing. */
export async function makeOwnDirectories(root: string, files: FileSystem = nodeFileSystem): Promise<void> {
  const own = root + layout.berthRoot
  const first = await fs.mkdir(root, { recursive: true })
  const firstOwn = await fs.mkdir(own, { recursive: true, mode: privateDirectory })
  await syncParents(own, first ?? firstOwn, files)
}

/** Syncs the parents of `directory` and of all above it that were made. @param first the topmost that was made */
export async function syncParents(directory: string, first: string | undefined, files: FileSystem): Promise<void> {
  if (first === undefined) return
  for (let each = directory; each.length >= first.length; each = dirname(each)) {
    const parent = await files.open(dirname(each), constants.O_RDONLY)
    try {
      await files.fsync(parent)
    } catch (error) {
      // Whether this file system syncs directories is found out later.
      if (!isUnsupportedSync(error)) throw error
    } finally {
      await files.close(parent)
    }
  }
}

/**
 * Takes from others what they may do with Berth's own directories, locks and secrets, as earlier versions made them.
 * Deeper records are out of reach once the directories above them are.
 *
 * @returns paths that stay open to others because they belong to another user or the file system keeps no permissions
 */
export async function closeToOthers(root: string): Promise<readonly string[]> {
  const directory = root + layout.berthRoot
  const names = await fs.readdir(directory)
  const paths = [root + ownRoot, directory, ...names.map((name) => `${directory}/${name}`)]
  const open: string[] = []
  for (const path of paths) if (!(await closePath(path))) open.push(path)
  return open
}

async function closePath(path: string): Promise<boolean> {
  try {
    const { mode } = await fs.lstat(path)
    if ((mode & othersMay) === 0 || (mode & 0o170_000) === 0o120_000) return true
    await fs.chmod(path, mode & 0o7777 & ~othersMay)
    return ((await fs.lstat(path)).mode & othersMay) === 0
  } catch (error) {
    // Another process may remove what it has written beside a file.
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
