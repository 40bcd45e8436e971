import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/**
 * Removes a Unix socket that a process which has ended left behind. One that somebody listens on stays, and so does
 * anything that is no socket: listening there then fails.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found?.isSocket() === true && !(await isListening(path))) await unlink(path)
}

async function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  const answer = await promise
  socket.destroy()
  return answer
}
