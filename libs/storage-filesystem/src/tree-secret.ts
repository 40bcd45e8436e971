import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, unlink } from 'node:fs/promises'
import { type Logger, StartError } from '@berth/errors'
import { layout } from '@berth/storage'
import { isUnsupportedLink } from './abilities.ts'
import { FileSystemError } from './file-system.ts'
import { makeOwnDirectories, privateFile } from './private-files.ts'

const secretSize = 32

/**
 * The secret that is kept beside a tree's data for the process that owns the tree: made once, readable by the owner of
 * the process only. Where the disk is too full to keep one, it is made anew for each process.
 *
 * @throws Error it cannot be read or made
 * @throws StartError it is damaged
 */
export async function readOrMakeSecret(rootDirectory: string, log?: Logger): Promise<Uint8Array> {
  const file = rootDirectory + layout.secretPath
  let secret: Uint8Array
  try {
    secret = (await readIfThere(file)) ?? (await make(rootDirectory, file))
  } catch (error) {
    if (!isCode(error, 'ENOSPC', 'EDQUOT')) throw error
    log?.warn(
      { path: file },
      'the disk is full: cannot store a key for upload tokens, so uploads end with this process',
    )
    return randomBytes(secretSize)
  }
  if (secret.byteLength !== secretSize) {
    throw new StartError('storage.filesystem.rootdirectory', `${file} is damaged: remove it to have a new one made`)
  }
  return secret
}

/** One without content was given its name only: a crash came before its content, on a file system without hard links. */
async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    const secret = await readFile(file)
    return secret.byteLength === 0 ? undefined : secret
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Of several that make one at once, all get the same; without hard links, only after the last has made one. */
async function make(rootDirectory: string, file: string): Promise<Uint8Array> {
  await makeOwnDirectories(rootDirectory)
  const unfinished = `${file}.${randomBytes(8).toString('hex')}`
  const handle = await open(unfinished, 'wx', privateFile)
  try {
    await handle.writeFile(randomBytes(secretSize))
    await handle.sync()
    await handle.close()
    await giveName(unfinished, file)
  } finally {
    await handle.close().catch(() => {})
    await unlink(unfinished).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT')) throw error
    })
  }
  return readFile(file)
}

async function giveName(unfinished: string, file: string): Promise<void> {
  try {
    await link(unfinished, file)
  } catch (error) {
    if (isCode(error, 'EEXIST') && (await readIfThere(file)) !== undefined) return
    const cause = new FileSystemError(error as NodeJS.ErrnoException)
    if (!isCode(error, 'EEXIST') && !isUnsupportedLink(cause)) throw error
    await rename(unfinished, file)
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
