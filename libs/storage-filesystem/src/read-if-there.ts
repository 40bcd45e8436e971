import { constants } from 'node:fs'
import { failedWith, type FileSystem } from './file-system.ts'

/** Enough for most: then there is one read, and nobody asks for the size. */
const firstSize = 4096

/** Reads a small file whole. @returns `undefined` where none is */
export async function readIfThere(files: FileSystem, path: string): Promise<Uint8Array | undefined> {
  let fd: number
  try {
    fd = await files.open(path, constants.O_RDONLY)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    let buffer = Buffer.allocUnsafe(firstSize)
    let length = await files.read(fd, buffer, firstSize, 0)
    while (length === buffer.byteLength) {
      buffer = Buffer.concat([buffer], length * 2)
      length += await files.read(fd, buffer.subarray(length), length, length)
    }
    return buffer.subarray(0, length)
  } finally {
    files.closeSoon(fd)
  }
}
