import type { Dir, Dirent } from 'node:fs'
import { type Entry, parseStoragePath, type StoragePath } from '@berth/storage'
import type { FileSystem } from './file-system.ts'
import { driverName, readFault } from './storage-fault.ts'

const entriesAtOnce = 512
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
  for await (const entry of dir) {
    // `.nfs…` is what a network file system keeps of files that are removed while they are open.
    if (!nameForm.test(entry.name) || entry.name.startsWith('.nfs')) continue
    const isDirectory = await leadsToDirectory(files, directory, entry)
    if (isDirectory !== undefined) yield { name: entry.name, isDirectory }
  }
}

/** @returns `undefined` for a link that leads nowhere */
async function leadsToDirectory(files: FileSystem, directory: string, entry: Dirent): Promise<boolean | undefined> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  try {
    return (await files.stat(`${directory}/${entry.name}`)).isDirectory()
  } catch {
    return undefined
  }
}
