import { finished, type Writable } from 'node:stream'
import type { ByteStream } from '@berth/bytes'

/** Writes a stream to a target at its pace, without ending it. @throws the target's error, or the signal's reason */
export async function sendChunks(content: ByteStream, target: Writable, signal?: AbortSignal): Promise<void> {
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const fail = (): void => failure.reject(signal?.reason)
  const stopWatching = finished(target, { readable: false }, (error) => {
    failure.reject(error ?? new Error('the target ended before all was written'))
  })
  signal?.addEventListener('abort', fail, { once: true })
  try {
    for await (const chunk of content) {
      const written = new Promise<void>((resolve, reject) => {
        target.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
      await Promise.race([written, failure.promise])
    }
  } finally {
    stopWatching()
    signal?.removeEventListener('abort', fail)
  }
}
