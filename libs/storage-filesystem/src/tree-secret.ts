import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartError } from '@berth/errors'
import { layout } from '@berth/storage'

const secretSize = 32

/**
 * The secret that is kept beside a tree's data for the process that owns the tree: made once, readable by the owner of
 * the process only.
 *
 * @throws Error it cannot be read or made
 * @throws StartError it is damaged
 */
export async function readOrMakeSecret(rootDirectory: string): Promise<Uint8Array> {
  const file = rootDirectory + layout.secretPath
  await mkdir(dirname(file), { recursive: true })
  const secret = (await readIfThere(file)) ?? (await make(file))
  if (secret.byteLength !== secretSize) {
    throw new StartError('storage.filesystem.rootdirectory', `${file} is damaged: remove it to have a new one made`)
  }
  return secret
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Of several that make one at once, all get the same. */
async function make(file: string): Promise<Uint8Array> {
  const unfinished = `${file}.${randomBytes(8).toString('hex')}`
  const handle = await open(unfinished, 'wx', 0o600)
  try {
    await handle.writeFile(randomBytes(secretSize))
    await handle.sync()
    await link(unfinished, file)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    await handle.close()
    await unlink(unfinished)
  }
  return readFile(file)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
