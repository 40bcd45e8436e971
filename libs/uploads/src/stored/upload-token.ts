import { type DigestAlgorithm, isDigestAlgorithm } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import type { UploadRef } from '../blob-uploads.ts'
import type { KeyRing } from '../key-ring.ts'

/**
 * What a client may believe of an upload, vouched for by a key that all nodes have. It says where the client is, never
 * where the upload stands: that is its checkpoint. It has no expiry: the upload's purge is the token's.
 */
export interface UploadClaims {
  /** Bytes received when the token was made. */
  readonly offset: number
  /** Of the checkpoint that it was made from, so that a log line leads to it. */
  readonly checkpointId: string
  /** That the upload was started for. */
  readonly algorithm: DigestAlgorithm
  /** RFC 3339, in seconds, as `startedat` has it. */
  readonly startedAt: string
}

const macSize = 32
const maxTokenLength = 1024

export function formatToken(keys: KeyRing, repository: RepositoryName, id: string, claims: UploadClaims): string {
  const { offset, checkpointId, algorithm, startedAt } = claims
  const payload = [keys.signingId, offset, checkpointId, algorithm, startedAt].join(' ')
  const mac = keys.sign(signedText(repository, id, payload))
  return Buffer.concat([mac, Buffer.from(payload)]).toString('base64url')
}

/** @throws RegistryError BLOB_UPLOAD_INVALID: the token is missing, forged, or of another repository or upload */
export function parseToken(keys: KeyRing, { repository, id, state }: UploadRef): UploadClaims {
  const refuse = (reason: string): never => {
    throw new RegistryError('BLOB_UPLOAD_INVALID', { upload: id, reason })
  }
  if (state === undefined || state === '') return refuse('the state token is missing')
  const token = state.length <= maxTokenLength ? Buffer.from(state, 'base64url') : Buffer.alloc(0)
  // Decoding skips what is not base64url, so it is compared: each token has one spelling.
  if (token.byteLength <= macSize || token.toString('base64url') !== state) return refuse('this is no state token')
  const payload = token.toString('utf8', macSize)
  const [keyId = '', offset = '', checkpointId = '', algorithm = '', startedAt = ''] = payload.split(' ')
  if (!keys.verify(keyId, signedText(repository, id, payload), token.subarray(0, macSize)))
    return refuse('the state token is not one of this upload')
  if (!isDigestAlgorithm(algorithm)) return refuse('the state token is of another version')
  return { offset: Number(offset), checkpointId, algorithm, startedAt }
}

/** Names, ids and claims have no spaces, so no two tokens are signed for the same text. */
function signedText(repository: RepositoryName, id: string, payload: string): string {
  return `${repository} ${id} ${payload}`
}
