import { type Digest, parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { BlobUploads } from '@berth/uploads'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import { chunkOf } from './chunk-of.ts'
import { answerCreated, orTellWhereItStands, uploadOf } from './upload-request.ts'

/** Appends the last chunk, if any, and makes the blob visible. @see OCI distribution-spec, "Pushing blobs" */
export function putUpload({ uploads }: { readonly uploads: BlobUploads }): Handler {
  return async (exchange) => {
    const digest = digestNamed(exchange)
    const completed = await orTellWhereItStands(exchange, uploads, async () => {
      // Without a body there is no chunk, whatever range a client adds: some repeat that of the last PATCH.
      const chunk = exchange.contentLength === 0 ? undefined : await chunkOf(exchange, uploads)
      return uploads.complete(uploadOf(exchange), digest, chunk, exchange.signal)
    })
    exchange.note({ size: completed.size })
    answerCreated(exchange, completed.digest)
  }
}

function digestNamed({ query }: Exchange): Digest {
  const text = query.get('digest')
  if (text === null || text === '') throw new RegistryError('DIGEST_INVALID', { digest: '', reason: 'digest missing' })
  return parseDigest(text)
}
