import { RegistryError } from '@berth/errors'
import { type Digest, parseDigest } from '@berth/digest'

/** Media type, digest and size in bytes of some content, with every other field that it came with. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly data?: string
  readonly platform?: Platform
  readonly artifactType?: string
  readonly [field: string]: unknown
}

export interface Platform {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly [field: string]: unknown
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/**
 * @param field where the descriptor stands in its manifest, such as `layers[2]`, for the detail of a fault
 * @throws RegistryError MANIFEST_INVALID: a required field is missing or of a wrong type
 * @throws RegistryError DIGEST_INVALID: its digest is not one
 * @see OCI image-spec, "Content Descriptors"
 */
export function parseDescriptor(value: unknown, field: string): Descriptor {
  const refuse = (reason: string, at = field): never => {
    throw new RegistryError('MANIFEST_INVALID', { field: at, reason })
  }
  if (!isRecord(value)) return refuse('must be a descriptor object')
  const { mediaType, digest, size, urls, annotations, platform, artifactType, data } = value
  if (typeof mediaType !== 'string') return refuse('must be a string', `${field}.mediaType`)
  if (typeof digest !== 'string') return refuse('must be a string', `${field}.digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return refuse('must be a number of bytes, zero or more', `${field}.size`)
  if (urls !== undefined && urls !== null && !isStringArray(urls)) return refuse('must be strings', `${field}.urls`)
  if (annotations !== undefined && annotations !== null) {
    if (!isRecord(annotations) || !Object.values(annotations).every((each) => typeof each === 'string'))
      return refuse('must map strings to strings', `${field}.annotations`)
  }
  if (platform !== undefined && platform !== null && !isRecord(platform))
    return refuse('must be a platform object', `${field}.platform`)
  for (const [key, text] of Object.entries({ artifactType, data }))
    if (text !== undefined && text !== null && typeof text !== 'string')
      return refuse('must be a string', `${field}.${key}`)
  return { ...value, mediaType, digest: parseDigest(digest), size }
}
