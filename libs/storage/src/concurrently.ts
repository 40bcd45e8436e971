/**
 * Awaits all of them, also when one fails: whoever holds a lock for them must not let it go before the last is done.
 *
 * @throws what the first that failed threw
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
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  try {
    for await (const value of each) {
      if (running.size >= limit) await Promise.race(running)
      if (failures.length > 0) break
      const run: Promise<void> = task(value)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run))
      running.add(run)
    }
  } finally {
    await Promise.all(running)
  }
  if (failures.length > 0) throw failures[0]
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
