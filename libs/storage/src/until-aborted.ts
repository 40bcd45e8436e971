import type { ByteStream } from '@berth/bytes'

/**
 * Passes a stream through until the signal is aborted, even while the stream waits. The source is told to stop then;
 * one that never answers its last `next` can only be ended by whoever made it.
 *
 * @throws the signal's reason, once it is aborted
 */
export function untilAborted(source: ByteStream, signal: AbortSignal | undefined): ByteStream {
  return signal === undefined ? source : abortable(source, signal)
}

async function* abortable(source: ByteStream, signal: AbortSignal): ByteStream {
  signal.throwIfAborted()
  const iterator = source[Symbol.asyncIterator]()
  let giveUp: (reason: unknown) => void = () => {}
  const onAbort = (): void => giveUp(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let isSourceDone = false
  try {
    for (;;) {
      signal.throwIfAborted()
      // A promise a step, not a race against one for all: that one would keep every chunk until it settles.
      const step = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject
        iterator.next().then(resolve, reject)
      })
      isSourceDone = step.done === true
      if (step.done) return
      yield step.value
    }
  } catch (error) {
    isSourceDone ||= !signal.aborted
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!isSourceDone) {
      // Not awaited when aborted: a generator that is waiting answers `return` only after its `next`.
      const stopped = Promise.resolve(iterator.return?.())
      stopped.catch(() => {})
      if (!signal.aborted) await stopped
    }
  }
}
