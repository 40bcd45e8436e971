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

/** A schema1 manifest but for its name, its tag and its signature: the same for whatever an image is called. */
export interface Schema1Body {
  readonly architecture: string
  /** The JSON of the members that come after `architecture`, up to the end. */
  readonly steps: Uint8Array
  /** Blobs that the manifest names and the image may lack. */
  readonly blobs: readonly BuiltBlob[]
}

/** Maximum size of a manifest without its signature, in bytes. */
const maxPayload = 4 * 1024 * 1024
const indent = '   '

/**
 * @param steps from the top down, as schema1 lists them
 * @throws RegistryError MANIFEST_INVALID: no step, or too much for a manifest
 */
export function formatSchema1Body(
  architecture: string,
  steps: readonly Schema1Step[],
  blobs: readonly BuiltBlob[] = [],
): Schema1Body {
  if (steps.length === 0) throw refuse('cannot build manifest with zero layers or history')
  if (steps.length > maxHistory) throw refuse(`more than ${maxHistory} entries of history are too many for schema1`)
  // JSON grows as it is written as text again: what is too large already would become many times that.
  if (steps.reduce((length, { history }) => length + history.length, 0) > maxPayload) throw tooLarge()
  const members = {
    fsLayers: steps.map(({ digest }) => ({ blobSum: digest })),
    history: steps.map(({ history }) => ({ v1Compatibility: history })),
  }
  const json = Buffer.from(formatJson(members, indent))
  if (json.byteLength > maxPayload) throw tooLarge()
  return { architecture, steps: json.subarray('{'.length), blobs }
}

/** @throws RegistryError MANIFEST_INVALID: larger than a manifest may be */
export function signSchema1(
  { architecture, steps, blobs }: Schema1Body,
  { name, tag = '', key, time }: Schema1Identity,
): BuiltManifest {
  const head = formatJson({ schemaVersion: 1, name, tag, architecture }, indent).slice(0, -'\n}'.length)
  const payload = Buffer.concat([Buffer.from(`${head},`), steps])
  if (payload.byteLength > maxPayload) throw tooLarge()
  const content = signManifest(payload, key, time)
  return { mediaType: mediaTypes.schema1Signed, digest: digestOf(payload), content, blobs }
}

export function refuse(reason: string, cause?: Error): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason }, cause && { cause })
}

function tooLarge(): RegistryError {
  return refuse('would be larger than 4 MiB as schema1')
}
