/** What `reading` comes to, or `gone` where there is nothing to read, be it no longer or never. */
export async function orGone<T, G>(reading: Promise<T>, gone: G): Promise<T | G> {
  try {
    return await reading
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // The second is of a thread, whose files lie below its process's.
    if (code === 'ENOENT' || code === 'ESRCH') return gone
    throw error
  }
}
