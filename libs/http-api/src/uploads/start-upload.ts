import type { Blobs } from '@berth/blobs'
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, isDigestAlgorithm, parseDigest } from '@berth/digest'
import { RegistryError, unlessInvalid } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import type { BlobUploads } from '@berth/uploads'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import { respond } from '../exchange/respond.ts'
import { answerCreated, awaitedBody, uploadHeaders } from './upload-request.ts'

export interface StartUploadServices {
  readonly blobs: Blobs
  readonly uploads: BlobUploads
  /** Whether a blob may be mounted of any repository: only where nothing restricts reading. */
  readonly mountsWithoutFrom: boolean
  /** What clients are asked to send at least in each chunk but the last, in bytes; 0 for nothing. */
  readonly chunkMinLength: number
}

/**
 * Mounts a blob of another repository, takes a whole blob, or starts an upload, which is also the answer where a mount
 * is not possible.
 *
 * @see OCI distribution-spec, "Pushing blobs" and "Mounting a blob from another repository"
 */
export function startUpload(services: StartUploadServices): Handler {
  return async (exchange) => {
    const { query } = exchange
    const mounted = await mount(services, exchange, query.get('mount'), query.get('from'))
    if (mounted !== undefined) return answerCreated(exchange, mounted)

    const digest = query.get('digest')
    if (digest !== null && (await takeWhole(services.uploads, exchange, parseDigest(digest)))) return

    const algorithm = algorithmNamed(query.get('digest-algorithm'))
    const upload = await services.uploads.start(exchange.repository, algorithm)
    exchange.note({ upload: upload.id })
    const headers = uploadHeaders(exchange, upload)
    if (services.chunkMinLength > 0) headers.push('OCI-Chunk-Min-Length', String(services.chunkMinLength))
    respond(exchange, 202, headers)
  }
}

/** What cannot be mounted, for whatever reason, is no fault: the client goes on to upload it. */
async function mount(
  { blobs, mountsWithoutFrom }: StartUploadServices,
  { repository }: Exchange,
  mounted: string | null,
  from: string | null,
): Promise<Digest | undefined> {
  const digest = mounted === null ? undefined : unlessInvalid(parseDigest, mounted)
  if (digest === undefined) return undefined
  if (from === null || from === '')
    return mountsWithoutFrom && (await blobs.mount(repository, digest)) ? digest : undefined
  const source = unlessInvalid(parseRepositoryName, from)
  return source !== undefined && (await blobs.mount(repository, digest, source)) ? digest : undefined
}

/** @returns whether there was a blob to take; a client that sent none of it wants an upload */
async function takeWhole(uploads: BlobUploads, exchange: Exchange, digest: Digest): Promise<boolean> {
  const { repository, contentLength, signal, clientNetwork: share } = exchange
  const algorithm = algorithmOf(digest)
  if (contentLength === 0 && digest !== digestOf('', algorithm)) return false
  const upload = { repository, ...(await uploads.start(repository, algorithm)) }
  const size = contentLength === undefined ? {} : { size: contentLength }
  const chunk = contentLength === 0 ? undefined : { content: awaitedBody(exchange), isOneOfMany: false, share, ...size }
  try {
    await uploads.complete(upload, digest, chunk, signal)
  } catch (error) {
    // The client was told of no upload, so nobody will continue it. Where this fails too, the purge removes it.
    await uploads.cancel(upload).catch(() => undefined)
    throw error
  }
  answerCreated(exchange, digest)
  return true
}

function algorithmNamed(name: string | null): DigestAlgorithm | undefined {
  if (name === null || name === '') return undefined
  if (isDigestAlgorithm(name)) return name
  throw new RegistryError('DIGEST_INVALID', { digest: name, reason: 'unsupported digest algorithm' })
}
