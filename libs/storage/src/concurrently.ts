import { InFlight } from './in-flight.ts'

/**
 * Awaits all tasks, also when one fails: the owner of a lock must not release it before the last task is done.
 *
 * @throws what the first task that failed threw
 */
export async function settleAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(tasks)) if (outcome.status === 'rejected') throw outcome.reason
}

/** Calls `task` for each, at most `limit` at a time; after a failure it starts no more, and throws it at the end. */
export async function forEachLimited<T>(
  each: Iterable<T> | AsyncIterable<T>,
  limit: number,
  task: (value: T) => Promise<void>,
): Promise<void> {
  const inFlight = new InFlight(limit)
  try {
    for await (const value of each) await inFlight.add(() => task(value))
  } finally {
    await inFlight.settle()
  }
  inFlight.throwIfFailed()
}

/** Maps in order, with at most `limit` calls under way. @throws what the first that failed threw, once none is under way */
export async function mapLimited<T, R>(
  values: readonly T[],
  limit: number,
  map: (value: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  const pending = values.entries()
  const work = async (): Promise<void> => {
    for (const [index, value] of pending) results[index] = await map(value)
  }
  await settleAll(Array.from({ length: Math.min(limit, values.length) }, work))
  return results
}
