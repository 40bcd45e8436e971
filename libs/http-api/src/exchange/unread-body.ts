import type { IncomingMessage } from 'node:http'

/** How much, and how long, a client may go on sending what nobody wants. */
const maxBytes = 32 * 1024 * 1024
const maxMs = 10_000

/**
 * Reads and drops what is left of a request's body, within limits: a connection that is closed while bytes arrive is
 * reset, and a client that is reset may never see the answer it was given.
 *
 * @param onEnd called once: the body ended, the client went away, or it sent more than anyone should
 */
export function discardBody(request: IncomingMessage, onEnd: (isComplete: boolean) => void): void {
  let discarded = 0
  const timer = setTimeout(() => end(false), maxMs)
  const onData = (chunk: Buffer): void => {
    discarded += chunk.byteLength
    if (discarded > maxBytes) end(false)
  }
  const onRequestEnd = (): void => end(true)
  const onClose = (): void => end(false)
  const end = (isComplete: boolean): void => {
    clearTimeout(timer)
    request.off('data', onData).off('end', onRequestEnd).off('close', onClose)
    onEnd(isComplete)
  }
  request.on('data', onData).on('end', onRequestEnd).on('close', onClose)
  request.resume()
}

/** Whether the head of a request announces a body. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
