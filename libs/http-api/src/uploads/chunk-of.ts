import { RegistryError } from '@berth/errors'
import type { BlobUploads, Chunk } from '@berth/uploads'
import type { Exchange } from '../exchange/exchange.ts'
import { parseContentRange } from './content-range.ts'
import { awaitedBody, uploadOf } from './upload-request.ts'

/**
 * The chunk that a request brings, by its headers; nothing of it has been read yet. Whatever its `Content-Type`, it is
 * bytes.
 *
 * The specification counts the last byte of a `Content-Range` inclusively. Some clients count it exclusively, and
 * Distribution accepts that, so a chunk may be one byte shorter than its range.
 *
 * @throws RegistryError RANGE_INVALID: the `Content-Range` is malformed
 * @throws RegistryError SIZE_INVALID: the `Content-Length` is neither the length of the range nor one byte less
 */
export async function chunkOf(exchange: Exchange, uploads: BlobUploads): Promise<Chunk> {
  const { request, contentLength, clientNetwork: share } = exchange
  const content = awaitedBody(exchange)
  const header = request.headers['content-range']
  if (header === undefined)
    return { content, share, isOneOfMany: false, ...(contentLength === undefined ? {} : { size: contentLength }) }

  const range = parseContentRange(header)
  if (range === undefined) {
    const { offset } = await uploads.status(uploadOf(exchange))
    throw new RegistryError('RANGE_INVALID', { range: header, offset })
  }
  const { start } = range
  const size = range.end - start
  if (contentLength === undefined) return { content, share, start, size, mayBeOneShorter: true, isOneOfMany: true }
  if (contentLength !== size && contentLength !== size - 1)
    throw new RegistryError('SIZE_INVALID', { announced: size, received: contentLength })
  return { content, share, start, size: contentLength, isOneOfMany: true }
}
