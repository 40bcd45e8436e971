import type { Descriptor } from '@berth/descriptor'
import { RegistryError } from '@berth/errors'
import { mediaTypeOf } from './detect-media-type.ts'
import { Faults } from './faults.ts'
import { type JsonObject, readAsGo, readStrictly } from './json/read-document.ts'
import type { Manifest, Reference } from './manifest.ts'
import { isManifestMediaType, isSchema1MediaType, mediaTypes } from './media-types.ts'
import { PushedDescriptors, storedDescriptor } from './read-descriptor.ts'
import { parseSchema1Payload, storedSchema1 } from './schema1/parse-schema1.ts'
import { manifestShape, storedShape } from './shapes.ts'

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

type OciFields = Pick<Manifest, 'subject' | 'artifactType' | 'annotations'>

/** How the descriptors of a document are read. */
interface Descriptors {
  /** `undefined`: it is invalid. */
  read(value: unknown, field: string): Descriptor | undefined
  /** Whether no more need be read. */
  readonly areEnough?: boolean
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
 * Reads a manifest that a client pushes, and checks the rules of its format. It does not check that the content that the
 * manifest names exists.
 *
 * @param content of schema1, what is stored: the payload, without signatures. Signed ones are for `openSchema1`
 * @param mediaType what the client calls it, lower-case and without parameters; the content must agree
 * @throws RegistryError MANIFEST_INVALID: not a manifest of this type, or one that other programs may read differently
 * @throws RegistryError DIGEST_INVALID: the digest of a descriptor is invalid
 * @throws AggregateError of these, if several descriptors are invalid
 * @see OCI image-spec, "OCI Image Manifest Specification" and "OCI Image Index Specification"
 */
export function parseManifest(content: Uint8Array, mediaType: string): Manifest {
  if (isSchema1MediaType(mediaType)) return parseSchema1Payload(content)
  const format = formats.get(mediaType)
  if (format === undefined)
    throw invalid(`unsupported manifest media type: ${mediaType === '' ? 'none given' : mediaType}`)
  const document = readStrictly(content, manifestShape)
  checkForm(document, mediaType, format)

  const faults = new Faults()
  const descriptors = new PushedDescriptors(faults)
  if (!isList(document[format.list])) throw invalid('must be a list of descriptors', format.list)
  const references = referencesOf(document, format, descriptors)
  const about = format.isOci ? ociFieldsOf(document, descriptors, faults) : {}
  faults.throwIfAny()
  const { warnings } = descriptors
  return { ...manifestOf(mediaType, format, references, about), ...(warnings.length > 0 && { warnings }) }
}

/**
 * Reads a manifest from storage, as far as it can be read: it may have been pushed by other rules, or to Distribution.
 * Descriptors and other members that are invalid are left out.
 *
 * @throws RegistryError MANIFEST_INVALID: its content does not tell a supported media type
 */
export function parseStoredManifest(content: Uint8Array): Manifest {
  const document = readAsGo(content, storedShape)
  const mediaType = mediaTypeOf(document)
  if (mediaType === mediaTypes.schema1Signed) return storedSchema1(document)
  const format = mediaType === undefined ? undefined : formats.get(mediaType)
  if (mediaType === undefined || format === undefined) throw invalid('not a manifest of a supported type')
  const descriptors = { read: storedDescriptor }
  const about = format.isOci ? ociFieldsOf(document, descriptors, new Faults()) : {}
  return manifestOf(mediaType, format, referencesOf(document, format, descriptors), about)
}

function manifestOf(mediaType: string, { kind }: Format, references: readonly Reference[], about: OciFields): Manifest {
  const config = references.find(({ role }) => role === 'config')?.descriptor.mediaType
  return {
    mediaType,
    kind,
    references,
    ...(config !== undefined && { configMediaType: config, artifactType: config }),
    ...about,
  }
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

function referencesOf(document: JsonObject, format: Format, descriptors: Descriptors): Reference[] {
  const references: Reference[] = []
  if (format.hasConfig) {
    const descriptor = descriptors.read(document['config'], 'config')
    if (descriptor !== undefined) references.push({ descriptor, role: 'config', field: 'config' })
  }
  const list = document[format.list]
  if (!Array.isArray(list)) return references
  for (const [index, each] of list.entries()) {
    if (descriptors.areEnough === true) break
    const field = `${format.list}[${index}]`
    const descriptor = descriptors.read(each, field)
    if (descriptor !== undefined) references.push({ descriptor, role: roleOf(descriptor, format), field })
  }
  return references
}

function roleOf(descriptor: Descriptor, format: Format): Reference['role'] {
  if (format.list === 'layers') return 'layer'
  // BuildKit exports its cache as an index of layers: what is not known to be a manifest is a blob.
  return format.list === 'manifests' && isManifestMediaType(descriptor.mediaType) ? 'manifest' : 'blob'
}

function ociFieldsOf(document: JsonObject, descriptors: Descriptors, faults: Faults): OciFields {
  const about = isPresent(document['subject']) ? descriptors.read(document['subject'], 'subject') : undefined
  const type = faults.attempt(() => parseArtifactType(document['artifactType']))
  const annotations = faults.attempt(() => parseAnnotations(document['annotations']))
  return {
    ...(about !== undefined && { subject: about }),
    ...(type !== undefined && { artifactType: type }),
    ...(annotations !== undefined && { annotations }),
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

function isList(value: unknown): boolean {
  return !isPresent(value) || Array.isArray(value)
}

function isPresent(value: unknown): value is NonNullable<unknown> {
  return value !== undefined && value !== null
}

function invalid(reason: string, field?: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', field === undefined ? { reason } : { reason, field })
}
