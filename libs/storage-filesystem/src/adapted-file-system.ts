import { constants } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Abilities, isUnsupportedSync } from './abilities.ts'
import { failedWith, type FileSystem } from './file-system.ts'

/** Pauses before a rename is tried again, in milliseconds: 2.5 s in all, longer than links and manifests are open. */
const pausesMs = [5, 10, 20, 40, 80, 160, 320, 640, 1280] as const
/** How much of two files is compared at a time, in bytes. */
const pieceSize = 64 * 1024

/** The calls of a file system that does other ways what it cannot do. The same object where nothing is missing. */
export function adaptTo(abilities: Abilities, files: FileSystem): FileSystem {
  if (abilities.syncsFiles && abilities.movesOpenFiles) return files
  return {
    ...files,
    ...(!abilities.syncsFiles && { fdatasync: (fd) => syncIfPossible(files, fd) }),
    ...(!abilities.movesOpenFiles && { rename: (from, to) => renamePatiently(files, from, to) }),
  }
}

async function syncIfPossible(files: FileSystem, fd: number): Promise<void> {
  try {
    await files.fdatasync(fd)
  } catch (error) {
    if (!isUnsupportedSync(error)) throw error
  }
}

/** Waits for readers of what is replaced. A file that is replaced by the same content need not be replaced at all. */
async function renamePatiently(files: FileSystem, from: string, to: string): Promise<void> {
  let busy: unknown
  for (const pauseMs of [0, ...pausesMs]) {
    if (pauseMs > 0) await delay(pauseMs)
    try {
      return await files.rename(from, to)
    } catch (error) {
      if (!failedWith(error, 'EACCES', 'EBUSY', 'EPERM', 'ETXTBSY')) throw error
      busy = error
    }
  }
  if (!(await haveSameContent(files, from, to).catch(() => false))) throw busy
  await files.unlink(from)
}

async function haveSameContent(files: FileSystem, one: string, other: string): Promise<boolean> {
  const first = await files.open(one, constants.O_RDONLY)
  try {
    const second = await files.open(other, constants.O_RDONLY)
    try {
      const { size } = await files.fstat(first)
      if ((await files.fstat(second)).size !== size) return false
      const [left, right] = [Buffer.allocUnsafe(pieceSize), Buffer.allocUnsafe(pieceSize)]
      for (let position = 0; position < size; position += pieceSize) {
        const length = Math.min(pieceSize, size - position)
        const read = await Promise.all([
          files.read(first, left, length, position),
          files.read(second, right, length, position),
        ])
        if (read.some((count) => count !== length)) return false
        if (!left.subarray(0, length).equals(right.subarray(0, length))) return false
      }
      return true
    } finally {
      files.closeSoon(second)
    }
  } finally {
    files.closeSoon(first)
  }
}
