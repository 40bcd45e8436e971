import type { ByteRange } from '@berth/bytes'

// The specification has `start-end` alone; the unit and the total are what HTTP's own header of that name has.
const grammar = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/

/**
 * Where a chunk goes in its upload, by its `Content-Range`.
 *
 * @returns `undefined` where the text is no range, or ends before it starts
 * @see OCI distribution-spec, "Pushing a blob in chunks"
 */
export function parseContentRange(text: string): ByteRange | undefined {
  const match = grammar.exec(text.trim())
  if (match === null) return undefined
  const [start, last] = [Number(match[1]), Number(match[2])]
  return start <= last && Number.isSafeInteger(last + 1) ? { start, end: last + 1 } : undefined
}
