import { RegistryError } from '@berth/errors'
import type { BlobUploads, Chunk } from '@berth/uploads'
import type { Exchange } from '../exchange/exchange.ts'
import { parseContentRange } from './content-range.ts'
import { awaitedBody, uploadOf } from './upload-request.ts'

/**
 * The chunk that a request brings, by its headers; nothing of it has been read yet. Whatever its `Content-Type`, it is
 * bytes.
 *
 * @throws RegistryError RANGE_INVALID: its `Content-Range` is none
 * @throws RegistryError SIZE_INVALID: its `Content-Length` is not that of its `Content-Range`
 */
export async function chunkOf(exchange: Exchange, uploads: BlobUploads): Promise<Chunk> {
  const { request, contentLength } = exchange
  const content = awaitedBody(exchange)
  const header = request.headers['content-range']
  if (header === undefined)
    return { content, isOneOfMany: false, ...(contentLength === undefined ? {} : { size: contentLength }) }

  const range = parseContentRange(header)
  if (range === undefined) {
    const { offset } = await uploads.status(uploadOf(exchange))
    throw new RegistryError('RANGE_INVALID', { range: header, offset })
  }
  const size = range.end - range.start
  if (contentLength !== undefined && contentLength !== size)
    throw new RegistryError('SIZE_INVALID', { announced: size, received: contentLength })
  return { content, start: range.start, size, isOneOfMany: true }
}
