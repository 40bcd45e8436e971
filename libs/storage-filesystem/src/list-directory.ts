import type { Dir } from 'node:fs'
import { type Entry, parseStoragePath, type StoragePath } from '@berth/storage'
import { failedWith, type FileSystem, FileSystemError } from './file-system.ts'
import { isKeptOpenFile } from './kept-open-files.ts'
import { driverName, readFault } from './storage-fault.ts'

const entriesAtOnce = 256
const nameForm = /^[A-Za-z0-9._-]+$/

/** The entries of a directory that paths can name, as they are read. */
export async function* listDirectory(files: FileSystem, root: string, path: StoragePath): AsyncIterable<Entry> {
  const directory = root + parseStoragePath(path, driverName)
  let dir: Dir
  try {
    dir = await files.opendir(directory, entriesAtOnce)
  } catch (error) {
    throw readFault(error, path)
  }
  try {
    for await (const entry of dir) {
      if (!nameForm.test(entry.name) || isKeptOpenFile(entry.name)) continue
      const isDirectory = entry.isSymbolicLink()
        ? await leadsToDirectory(files, `${directory}/${entry.name}`)
        : entry.isDirectory()
      if (isDirectory !== undefined) yield { name: entry.name, isDirectory }
    }
  } catch (error) {
    throw readFault(
      error instanceof FileSystemError ? error : new FileSystemError(error as NodeJS.ErrnoException),
      path,
    )
  }
}

/** @returns `undefined` for a link that leads nowhere */
async function leadsToDirectory(files: FileSystem, link: string): Promise<boolean | undefined> {
  try {
    return (await files.stat(link)).isDirectory()
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}
