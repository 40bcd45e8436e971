import { type Digest, digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { formatJson } from '../format-json.ts'
import type { BuiltBlob, BuiltManifest } from '../manifest-builder.ts'
import { mediaTypes } from '../media-types.ts'
import { maxHistory } from './parse-schema1.ts'
import { signManifest } from './sign-manifest.ts'
import type { SigningKey } from './signing-key.ts'

/** Who signs a manifest that is built, when, and what it is called. */
export interface Schema1Identity {
  readonly name: string
  readonly tag?: string
  readonly key: SigningKey
  readonly time: Date
}

/** One step of an image: its layer, and what schema1 says of it in JSON. */
export interface Schema1Step {
  readonly digest: Digest
  readonly history: string
}

/** Bytes that a manifest may have. */
const maxPayload = 4 * 1024 * 1024

/** @param steps from the top down, as schema1 lists them */
export function buildSchema1(
  { name, tag = '', key, time }: Schema1Identity,
  architecture: string,
  steps: readonly Schema1Step[],
  blobs: readonly BuiltBlob[] = [],
): BuiltManifest {
  if (steps.length === 0) throw refuse('cannot build manifest with zero layers or history')
  if (steps.length > maxHistory) throw refuse(`more than ${maxHistory} entries of history are too many for schema1`)
  const tooLarge = (): RegistryError => refuse('would be larger than 4 MiB as schema1')
  // It grows as it is written: what is too large already would be many times that.
  if (steps.reduce((length, { history }) => length + history.length, 0) > maxPayload) throw tooLarge()
  const document = {
    schemaVersion: 1,
    name,
    tag,
    architecture,
    fsLayers: steps.map(({ digest }) => ({ blobSum: digest })),
    history: steps.map(({ history }) => ({ v1Compatibility: history })),
  }
  const payload = Buffer.from(formatJson(document, '   '))
  if (payload.byteLength > maxPayload) throw tooLarge()
  const content = signManifest(payload, key, time)
  return { mediaType: mediaTypes.schema1Signed, digest: digestOf(payload), content, blobs }
}

export function refuse(reason: string, cause?: Error): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason }, cause && { cause })
}
