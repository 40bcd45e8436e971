import { type Digest, parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'

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

/** What a manifest runs on. Its fields may be missing: of an artifact in an index there is little to say. */
export interface Platform {
  readonly architecture?: string
  readonly os?: string
  readonly variant?: string
  readonly [field: string]: unknown
}

/** One fault in a descriptor, at a field of it; of the descriptor itself where that is empty. */
type Refuse = (reason: string, at?: string) => never

const optionalFields = ['urls', 'annotations', 'data', 'platform', 'artifactType'] as const

/**
 * Checks a descriptor, and keeps all of it. A known field that is null counts as one that is missing.
 *
 * @param field where the descriptor stands in its manifest, such as `layers[2]`, for the detail of a fault
 * @throws RegistryError MANIFEST_INVALID: a required field is missing or of a wrong type
 * @throws RegistryError DIGEST_INVALID: its digest is not one
 * @see OCI image-spec, "Content Descriptors"
 */
export function parseDescriptor(value: unknown, field: string): Descriptor {
  const refuse: Refuse = (reason, at = '') => {
    throw new RegistryError('MANIFEST_INVALID', { field: field + at, reason })
  }
  if (!isRecord(value)) return refuse('must be a descriptor object')
  const { mediaType, digest, size } = value
  if (typeof mediaType !== 'string') return refuse('must be a string', '.mediaType')
  if (typeof digest !== 'string') return refuse('must be a string', '.digest')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return refuse('must be a number of bytes, zero or more', '.size')
  checkOptionalFields(value, refuse)

  const fields: Record<string, unknown> = { ...value }
  for (const key of optionalFields) if (fields[key] === null) delete fields[key]
  return Object.assign(fields, { mediaType, digest: parseDigest(digest), size })
}

function checkOptionalFields(value: Record<string, unknown>, refuse: Refuse): void {
  const { urls, annotations, data, platform, artifactType } = value
  if (isPresent(urls) && !isStringArray(urls)) refuse('must be a list of strings', '.urls')
  if (isPresent(annotations) && !isStringMap(annotations)) refuse('must map strings to strings', '.annotations')
  if (isPresent(data) && typeof data !== 'string') refuse('must be a string', '.data')
  if (isPresent(artifactType) && typeof artifactType !== 'string') refuse('must be a string', '.artifactType')
  if (!isPresent(platform)) return
  if (!isRecord(platform)) return refuse('must be a platform object', '.platform')
  for (const key of ['architecture', 'os', 'variant'])
    if (platform[key] !== undefined && typeof platform[key] !== 'string') refuse('must be a string', `.platform.${key}`)
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isStringMap(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'string')
}
