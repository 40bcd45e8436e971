import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { layout } from '@berth/storage'
import { nodeFileSystem } from './file-system.ts'

/** By the magic numbers of `statfs(2)`: ext, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS, bcachefs. */
const localFileSystems: ReadonlySet<number> = new Set([
  0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010, 0xca45_1a4e,
])

/**
 * Makes the root and the directory of temporary files, durably, and sees that content can be written there and renamed
 * to where it belongs.
 *
 * @returns the root, absolute, and whether its file system is known to be this machine's own
 * @throws Error that says what is wrong with which directory
 */
export async function prepareTree(rootDirectory: string): Promise<{ root: string; isLocal: boolean }> {
  const root = resolve(rootDirectory)
  const temporary = `${root}${layout.temporaryRoot}`
  try {
    await makeDurably(temporary)
    await probe(temporary)
  } catch (error) {
    throw new Error(`cannot keep files in ${root}: ${(error as Error).message}`, { cause: error })
  }
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
  const { type } = await fs.statfs(temporary)
  return { root, isLocal: localFileSystems.has(type) }
}

async function makeDurably(directory: string): Promise<void> {
  const first = await fs.mkdir(directory, { recursive: true })
  if (first === undefined) return
  for (let each = directory; each.length >= first.length; each = dirname(each)) {
    const parent = await nodeFileSystem.open(dirname(each), constants.O_RDONLY)
    try {
      await nodeFileSystem.fsync(parent)
    } finally {
      await nodeFileSystem.close(parent)
    }
  }
}

/** Writes, links, renames and removes: all that the driver will want of the file system. */
async function probe(temporary: string): Promise<void> {
  // Nobody else's, though others begin at the same time: every container has a process of the same number.
  const path = `${temporary}/probe.${randomUUID()}`
  await fs.writeFile(path, '', { flush: true })
  await fs.link(path, `${path}.linked`)
  await fs.rename(`${path}.linked`, path)
  await fs.rm(`${path}.linked`, { force: true })
  await fs.unlink(path)
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await fs.stat(path)
    return path
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return nearestExisting(dirname(path))
  }
}
