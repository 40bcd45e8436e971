import { finished, type Writable } from 'node:stream'
import type { ByteRange } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import type { BufferPool, PooledBuffer } from './buffer-pool.ts'
import type { FileSystem } from './file-system.ts'
import { OpenFile } from './open-file.ts'

const bufferSize = 512 * 1024

export async function sendFile(
  sending: { readonly files: FileSystem; readonly buffers: BufferPool },
  file: string,
  path: StoragePath,
  range: ByteRange,
  target: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { files, buffers } = sending
  signal?.throwIfAborted()
  const open = await OpenFile.open(files, file, path)
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const stopWatching = finished(target, { readable: false }, (error) => {
    failure.reject(error ?? new Error('the target ended before all was sent'))
  })
  const onAbort = (): void => failure.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  let buffer: PooledBuffer | undefined
  try {
    await open.check(range)
    buffer = await buffers.take(Math.min(bufferSize, range.end - range.start), signal)
    for (let position = range.start; position < range.end;) {
      const length = Math.min(buffer.bytes.byteLength, range.end - position)
      await open.readFully(buffer.bytes, length, position)
      const chunk = buffer.bytes.subarray(0, length)
      const written = new Promise<void>((resolve, reject) => {
        target.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
      await Promise.race([written, failure.promise])
      position += length
    }
    buffers.give(buffer)
    buffer = undefined
  } finally {
    if (buffer !== undefined) buffers.drop(buffer)
    stopWatching()
    signal?.removeEventListener('abort', onAbort)
    open.close()
  }
}
