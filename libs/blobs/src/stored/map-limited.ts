/** Maps in order, with at most `limit` calls under way. The first failure is thrown once no call is under way. */
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
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, values.length) }, work))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return results
}
