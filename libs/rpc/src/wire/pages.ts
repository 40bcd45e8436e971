import type { Page, PageRequest } from '@berth/manifests'
import type { PageRequest as PageRequestMessage } from '../gen/registry/v1/page.ts'

const maxUint32 = 0xffff_ffff
/** Bytes of entries in one part of a page, at least one entry. */
const maxPartBytes = 256 * 1024

/** A page on its way: each part has some entries, and the last says whether there are more. */
export interface Part<T> {
  readonly entries: T[]
  readonly hasMore: boolean
}

export function toPageMessage({ limit, last, maxBytes }: PageRequest): PageRequestMessage {
  return { limit: toUint32(limit), last, maxBytes: toUint32(maxBytes) }
}

export function fromPageMessage(message: PageRequestMessage | undefined): PageRequest {
  const { limit, last, maxBytes } = message ?? {}
  return {
    ...(limit !== undefined && { limit }),
    ...(last !== undefined && { last }),
    ...(maxBytes !== undefined && { maxBytes }),
  }
}

function toUint32(number: number | undefined): number | undefined {
  return number === undefined ? undefined : Math.min(number, maxUint32)
}

/** A page in parts of a bounded size; at least one. @param sizeOf about how many bytes an entry takes */
export function* partsOf<T>({ entries, hasMore }: Page<T>, sizeOf: (entry: T) => number): Generator<Part<T>> {
  let part: T[] = []
  let size = 0
  for (const entry of entries) {
    const more = sizeOf(entry)
    if (part.length > 0 && size + more > maxPartBytes) {
      yield { entries: part, hasMore: false }
      part = []
      size = 0
    }
    part.push(entry)
    size += more
  }
  yield { entries: part, hasMore }
}
