import type { ByteStream } from '@berth/bytes'
import type { BlobUploads, Upload, UploadRef } from '@berth/uploads'
import { RegistryError } from '@berth/errors'
import type { Digest } from '@berth/digest'
import type { Exchange } from '../exchange/exchange.ts'
import { respond, setHeaders } from '../exchange/respond.ts'

/** The upload that a request's URL names, with the state token that the client was last given. */
export function uploadOf({ repository, parameter, query }: Exchange): UploadRef {
  return { repository, id: parameter, state: query.get('_state') ?? undefined }
}

/** What tells a client where an upload stands, and how to continue it. */
export function uploadHeaders(exchange: Exchange, upload: Upload): string[] {
  const location = exchange.url(`${exchange.repository}/blobs/uploads/${upload.id}`, { _state: upload.state })
  // Of nothing there is no last byte: `0-0` stands for none and for one, as it always did.
  const range = `0-${Math.max(upload.offset - 1, 0)}`
  return ['Location', location, 'Range', range, 'Docker-Upload-UUID', upload.id]
}

/** Answers that a blob is in the repository now. */
export function answerCreated(exchange: Exchange, digest: Digest): void {
  const location = exchange.url(`${exchange.repository}/blobs/${digest}`)
  exchange.note({ digest })
  respond(exchange, 201, ['Location', location, 'Docker-Content-Digest', digest])
}

/** The body, asked for when it is first read: a client that waits for `100 Continue` has passed all checks by then. */
export function awaitedBody(exchange: Exchange): ByteStream {
  return { [Symbol.asyncIterator]: () => exchange.body()[Symbol.asyncIterator]() }
}

/**
 * Does what may find that a chunk does not start where the upload stands, and in that case adds to the answer
 * where it does, so that the client can continue without asking.
 */
export async function orTellWhereItStands<T>(
  exchange: Exchange,
  uploads: BlobUploads,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === 'RANGE_INVALID')) throw error
    setHeaders(exchange.response, uploadHeaders(exchange, await uploads.status(uploadOf(exchange))))
    throw error
  }
}
