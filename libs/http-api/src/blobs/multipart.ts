import type { ByteRange } from '@berth/bytes'
import { type Digest, encodedOf } from '@berth/digest'

/** How ranges of a blob are laid out in one body: what goes before each, what comes last, and how long it all is. */
export interface MultipartBody {
  readonly contentType: string
  readonly contentLength: number
  readonly parts: readonly { readonly range: ByteRange; readonly head: Buffer }[]
  readonly tail: Buffer
}

/** @see RFC 9110, section 14.6, "Media Type multipart/byteranges" */
export function multipartBody(
  digest: Digest,
  size: number,
  contentType: string,
  ranges: readonly ByteRange[],
): MultipartBody {
  // No content has its own digest in it, so this never occurs between two boundaries.
  const boundary = encodedOf(digest).slice(0, 64)
  const parts = ranges.map((range, index) => ({
    range,
    head: Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n` +
        `Content-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
    ),
  }))
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const contentLength = parts.reduce((sum, { head, range }) => sum + head.length + range.end - range.start, tail.length)
  return { contentType: `multipart/byteranges; boundary=${boundary}`, contentLength, parts, tail }
}

export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`
}
