import type { Part } from '@berth/storage'

/** Parts of at least this size stay as they are while an upload has no more than `maxLongParts` of them, in bytes. */
const minLongSize = 1024 * 1024
/** Maximum number of long parts. In an upload of more bytes than that, a part has to be longer to count as long. */
const maxLongParts = 1024

export interface SeparatedParts {
  /** Parts that stay. */
  readonly kept: readonly Part[]
  /** The last parts, whose bytes go into the next part, before what the next part is made for. */
  readonly tail: readonly Part[]
}

/**
 * Separates short parts at the end, so that a checkpoint names few parts however small the chunks are.
 *
 * Of the short parts that stay, each is at least twice as long as the next, so that there are no more of them than
 * doublings up to a long part. Bytes that are written again end up in a part that is half as long again, so that the
 * bytes written for an upload exceed the bytes received by a small factor.
 *
 * Nothing depends on what the next chunk will be: a client that announces much and sends little costs no more.
 */
export function separateShortTail(parts: readonly Part[]): SeparatedParts {
  const last = parts.at(-1)
  if (last === undefined) return { kept: parts, tail: [] }
  const longSize = Math.max(minLongSize, sizeOf(parts) / maxLongParts)
  let start = parts.length - 1
  let tailSize = last.size
  if (tailSize < 4 * longSize)
    for (let before = parts[start - 1]; before !== undefined; before = parts[start - 1]) {
      if (before.size >= longSize || before.size >= 2 * tailSize) break
      tailSize += before.size
      start -= 1
    }
  // One part alone is not worth writing again.
  return start === parts.length - 1
    ? { kept: parts, tail: [] }
    : { kept: parts.slice(0, start), tail: parts.slice(start) }
}

/** Bytes of all parts together. */
export function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0)
}
