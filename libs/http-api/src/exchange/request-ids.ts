import { randomBytes } from 'node:crypto'

/** Makes ids that no other process makes, and that cost next to nothing: a random start, then counted. */
export function requestIds(start = randomBytes(8).toString('hex')): () => string {
  let count = 0
  return () => `${start}-${(count++).toString(36)}`
}
