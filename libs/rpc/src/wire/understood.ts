/** Reads what a service answered. What is malformed there is no fault of whoever asked, and must not be told as one. */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error('a service answered what cannot be understood', { cause })
  }
}
