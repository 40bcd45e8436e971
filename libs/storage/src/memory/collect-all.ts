import { type ByteStream, collect } from '@berth/bytes'
import { untilAborted } from '../until-aborted.ts'

/** A stream's bytes, however many: what memory holds is bounded by what is put. */
export function collectAll(content: ByteStream, signal?: AbortSignal): Promise<Uint8Array> {
  return collect(untilAborted(content, signal), Infinity)
}
