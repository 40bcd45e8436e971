import { type Descriptor, parseDescriptor } from '@berth/descriptor'
import { RegistryError } from '@berth/errors'
import { detectMediaType } from './detect-media-type.ts'
import { Faults } from './faults.ts'
import type { Manifest, Reference } from './manifest.ts'
import { isManifestMediaType, isSchema1MediaType, mediaTypes } from './media-types.ts'
import { type JsonObject, parseJsonObject } from './parse-json-object.ts'
import { parseSchema1Payload } from './schema1/parse-schema1.ts'

/** How the manifests of one media type are written. */
interface Format {
  readonly kind: Manifest['kind']
  /** Whether a document must say its own media type. */
  readonly namesItself: boolean
  readonly hasSchemaVersion: boolean
  readonly hasConfig: boolean
  /** The field that lists what the manifest is made of. */
  readonly list: 'layers' | 'manifests' | 'blobs'
  /** Whether `subject`, `artifactType` and `annotations` mean anything here. */
  readonly isOci: boolean
  /** Fields of other formats. A document that has them would be one thing to some clients, another to others. */
  readonly excludes: readonly string[]
}

const dockerImage: Format = {
  kind: 'image',
  namesItself: true,
  hasSchemaVersion: true,
  hasConfig: true,
  list: 'layers',
  isOci: false,
  excludes: ['manifests'],
}
const dockerIndex: Format = {
  ...dockerImage,
  kind: 'index',
  hasConfig: false,
  list: 'manifests',
  excludes: ['config', 'layers'],
}

const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  [mediaTypes.schema2, dockerImage],
  [mediaTypes.manifestList, dockerIndex],
  [mediaTypes.ociManifest, { ...dockerImage, namesItself: false, isOci: true }],
  [mediaTypes.ociIndex, { ...dockerIndex, namesItself: false, isOci: true }],
  [mediaTypes.ociArtifact, { ...dockerImage, hasSchemaVersion: false, hasConfig: false, list: 'blobs', isOci: true }],
])

/**
 * Reads a manifest, and holds it to the rules of its format. Whether what it names is there is for others to find out.
 *
 * @param content of schema1, what is stored: the payload, without signatures. Signed ones are for `openSchema1`
 * @param mediaType what the client calls it, lower-case and without parameters; the content must agree
 * @throws RegistryError MANIFEST_INVALID: not a manifest of this type
 * @throws RegistryError DIGEST_INVALID: the digest of a descriptor is not one
 * @throws AggregateError of these, where several descriptors are wrong
 * @see OCI image-spec, "OCI Image Manifest Specification" and "OCI Image Index Specification"
 */
export function parseManifest(content: Uint8Array, mediaType: string): Manifest {
  if (isSchema1MediaType(mediaType)) return parseSchema1Payload(content)
  const format = formats.get(mediaType)
  if (format === undefined)
    throw invalid(`unsupported manifest media type: ${mediaType === '' ? 'none given' : mediaType}`)
  const document = parseJsonObject(content)
  checkForm(document, mediaType, format)

  const faults = new Faults()
  const references = parseReferences(document, format, faults)
  const about = format.isOci ? parseOciFields(document, faults) : {}
  faults.throwIfAny()

  const config = references.find(({ role }) => role === 'config')?.descriptor.mediaType
  return {
    mediaType,
    kind: format.kind,
    references,
    ...(config !== undefined && { configMediaType: config, artifactType: config }),
    ...about,
  }
}

/**
 * Reads a manifest that was found in storage, where nothing says its media type but itself.
 *
 * @throws as `parseManifest`; also where it is of no known type
 */
export function parseStoredManifest(content: Uint8Array): Manifest {
  const mediaType = detectMediaType(content)
  if (mediaType === undefined) throw invalid('not a manifest of a supported type')
  return parseManifest(content, mediaType)
}

function checkForm(document: JsonObject, mediaType: string, format: Format): void {
  if (format.hasSchemaVersion && document['schemaVersion'] !== 2) throw invalid('must be 2', 'schemaVersion')
  // Whatever says 1 is read as schema1, whose layers nobody would have looked for.
  if (document['schemaVersion'] === 1) throw invalid('must not be that of schema1', 'schemaVersion')
  const own = document['mediaType'] ?? ''
  if (own !== mediaType && (own !== '' || format.namesItself))
    throw invalid(`must be '${mediaType}', as in Content-Type, and not ${JSON.stringify(own)}`, 'mediaType')
  for (const field of format.excludes)
    if (isPresent(document[field])) throw invalid(`has no place in content of type ${mediaType}`, field)
  // Stored bytes tell an index from an image by these alone.
  if (format.list === 'manifests' && own === '' && !isPresent(document['manifests']))
    throw invalid('must be a list of descriptors', 'manifests')
}

function parseReferences(document: JsonObject, format: Format, faults: Faults): Reference[] {
  const references: Reference[] = []
  if (format.hasConfig) {
    const descriptor = faults.attempt(() => parseDescriptor(document['config'], 'config'))
    if (descriptor !== undefined) references.push({ descriptor, role: 'config', field: 'config' })
  }
  const list = document[format.list] ?? []
  if (!Array.isArray(list)) throw invalid('must be a list of descriptors', format.list)
  for (const [index, value] of list.entries()) {
    if (faults.areEnough) break
    const field = `${format.list}[${index}]`
    const descriptor = faults.attempt(() => parseDescriptor(value, field))
    if (descriptor !== undefined) references.push({ descriptor, role: roleOf(descriptor, format), field })
  }
  return references
}

function roleOf(descriptor: Descriptor, format: Format): Reference['role'] {
  if (format.list === 'layers') return 'layer'
  // BuildKit exports its cache as an index of layers: what is not known to be a manifest is a blob.
  return format.list === 'manifests' && isManifestMediaType(descriptor.mediaType) ? 'manifest' : 'blob'
}

function parseOciFields(
  document: JsonObject,
  faults: Faults,
): Pick<Manifest, 'subject' | 'artifactType' | 'annotations'> {
  const { subject, artifactType, annotations } = document
  const about = isPresent(subject) ? faults.attempt(() => parseDescriptor(subject, 'subject')) : undefined
  const type = faults.attempt(() => parseArtifactType(artifactType))
  const notes = faults.attempt(() => parseAnnotations(annotations))
  return {
    ...(about !== undefined && { subject: about }),
    ...(type !== undefined && { artifactType: type }),
    ...(notes !== undefined && { annotations: notes }),
  }
}

function parseArtifactType(value: unknown): string | undefined {
  if (!isPresent(value) || value === '') return undefined
  if (typeof value !== 'string') throw invalid('must be a string', 'artifactType')
  return value
}

function parseAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isPresent(value)) return undefined
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    !Object.values(value).every((each) => typeof each === 'string')
  )
    throw invalid('must map strings to strings', 'annotations')
  return value as Record<string, string>
}

function isPresent(value: unknown): value is NonNullable<unknown> {
  return value !== undefined && value !== null
}

function invalid(reason: string, field?: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', field === undefined ? { reason } : { reason, field })
}
