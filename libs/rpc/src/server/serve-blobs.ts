import type { Blobs } from '@berth/blobs'
import { parseDigest } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import type { BlobsServiceServer, ReadBlobRequest, ReadBlobResponse } from '../gen/registry/v1/blobs.ts'
import { toDescriptorMessage } from '../wire/descriptors.ts'
import type { Calls } from './calls.ts'

/** Of a blob's bytes in one message: what HTTP/2 sends in one window. */
const chunkBytes = 64 * 1024

/** `BlobsService` in terms of `Blobs`. */
export function serveBlobs(blobs: Blobs, calls: Calls): BlobsServiceServer {
  return {
    statBlob: calls.unary(async ({ repository, digest }) => {
      const descriptor = await blobs.stat(parseRepositoryName(repository), parseDigest(digest))
      return { descriptor: toDescriptorMessage(descriptor) }
    }),

    statBlobs: calls.unary(async ({ repository, digests }, signal) => {
      const found = await blobs.statAll(parseRepositoryName(repository), digests.map(parseDigest), signal)
      return { found: found.map((each) => ({ descriptor: each && toDescriptorMessage(each) })) }
    }),

    readBlob: calls.stream((request, signal) => read(blobs, request, signal)),

    putBlob: calls.unary(async ({ repository, content }) => {
      const descriptor = await blobs.put(parseRepositoryName(repository), content)
      return { descriptor: toDescriptorMessage(descriptor) }
    }),

    mountBlob: calls.unary(async ({ repository, digest, from }) => {
      const source = from === undefined ? undefined : parseRepositoryName(from)
      return { wasMounted: await blobs.mount(parseRepositoryName(repository), parseDigest(digest), source) }
    }),

    unlinkBlob: calls.unary(async ({ repository, digest }) => {
      await blobs.unlink(parseRepositoryName(repository), parseDigest(digest))
      return {}
    }),
  }
}

async function* read(
  blobs: Blobs,
  { repository, digest, range }: ReadBlobRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadBlobResponse> {
  const wanted = range && { start: Number(range.start), end: Number(range.end) }
  const content = await blobs.read(parseRepositoryName(repository), parseDigest(digest), wanted, signal)
  yield { part: { $case: 'header', value: {} } }
  for await (const bytes of content)
    for (let start = 0; start < bytes.byteLength; start += chunkBytes)
      yield { part: { $case: 'chunk', value: bytes.subarray(start, start + chunkBytes) } }
}
