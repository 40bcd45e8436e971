import { failedWith, type FileSystem } from './file-system.ts'
import { isKeptOpenFile } from './kept-open-files.ts'

const atOnce = 16

/** Removes a file, or a directory with all in it. What vanishes meanwhile is no error. */
export async function removeTree(files: FileSystem, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    // EPERM is what POSIX says of a directory, EISDIR what Linux does.
    if (!failedWith(error, 'EISDIR', 'EPERM')) throw error
    await removeDirectory(files, path)
  }
}

/** As `removeTree`, for what is known to be a directory. */
export async function removeDirectory(files: FileSystem, directory: string): Promise<void> {
  // Those that are kept for who has them open go when they are closed; to remove them would make others.
  const names = (await files.readdir(directory)).filter((name) => !isKeptOpenFile(name))
  for (let start = 0; start < names.length; start += atOnce) {
    const some = names.slice(start, start + atOnce)
    const removals = await Promise.allSettled(some.map((name) => removeTree(files, `${directory}/${name}`)))
    const failure = removals.find((each) => each.status === 'rejected' && !failedWith(each.reason, 'ENOENT'))
    if (failure?.status === 'rejected') throw failure.reason
  }
  await files.rmdir(directory)
}
