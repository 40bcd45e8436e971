import { type Digest, parseDigest } from '@berth/digest'
import { RegistryError, unlessInvalid } from '@berth/errors'
import { parseReference } from '@berth/reference'
import { Faults } from '../faults.ts'
import { type JsonObject, readStrictly } from '../json/read-document.ts'
import type { Manifest, Reference } from '../manifest.ts'
import { mediaTypes } from '../media-types.ts'
import { schema1Shape } from '../shapes.ts'
import { openSigned } from './open-signed.ts'

/** Docker had at most 127 layers; a history has an entry for each, and for each step that made none. */
export const maxHistory = 1024
const maxName = 255

/** A schema1 manifest as a client sent it, its signatures verified. */
export interface OpenedSchema1 {
  /** The document without its signatures: what is stored, and what the manifest's digest is of. */
  readonly payload: Uint8Array
  readonly manifest: Manifest
  /** What is wrong with it, to be told together with what it names and is missing. */
  readonly faults: readonly RegistryError[]
}

/**
 * Verifies a signed schema1 manifest, and reads its payload.
 *
 * @throws RegistryError MANIFEST_INVALID: not a signed schema1 manifest
 * @throws RegistryError MANIFEST_UNVERIFIED: a signature of it is not good
 */
export function openSchema1(content: Uint8Array): OpenedSchema1 {
  const payload = openSigned(content)
  const document = readStrictly(payload, schema1Shape)
  if (document['schemaVersion'] !== 1) throw invalid('must be 1', 'schemaVersion')
  const faults = new Faults()
  faults.attempt(() => checkName(document['name']))
  for (const field of ['tag', 'architecture']) faults.attempt(() => checkText(document[field], field))
  faults.attempt(() => checkHistory(document))
  const manifest = parseDocument(document, faults)
  return { payload, manifest, faults: faults.found }
}

/**
 * Reads the layers that the payload of a schema1 manifest names. Nothing else in it is checked.
 *
 * @throws as `parseManifest`
 */
export function parseSchema1Payload(payload: Uint8Array): Manifest {
  const document = readStrictly(payload, schema1Shape)
  if (document['schemaVersion'] !== 1) throw invalid('must be 1', 'schemaVersion')
  const faults = new Faults()
  const manifest = parseDocument(document, faults)
  faults.throwIfAny()
  return manifest
}

/** A schema1 manifest from storage, with those of its layers that have a valid digest. */
export function storedSchema1(document: JsonObject): Manifest {
  const references: Reference[] = []
  const layers = document['fsLayers']
  if (Array.isArray(layers)) {
    for (const [index, layer] of layers.entries()) {
      const field = `fsLayers[${index}].blobSum`
      const digest = unlessInvalid((value: unknown) => parseDigest(textOf(value, 'blobSum', field)), layer)
      if (digest !== undefined) references.push(layerOf(digest, field))
    }
  }
  return { mediaType: mediaTypes.schema1Signed, kind: 'image', references }
}

function parseDocument(document: JsonObject, faults: Faults): Manifest {
  const references: Reference[] = []
  for (const [index, layer] of listOf(document, 'fsLayers').entries()) {
    if (faults.areEnough) break
    const field = `fsLayers[${index}].blobSum`
    const digest = faults.attempt(() => parseDigest(textOf(layer, 'blobSum', field)))
    if (digest !== undefined) references.push(layerOf(digest, field))
  }
  return { mediaType: mediaTypes.schema1Signed, kind: 'image', references }
}

function layerOf(digest: Digest, field: string): Reference {
  // schema1 does not tell the size.
  return { descriptor: { mediaType: mediaTypes.schema1Layer, digest, size: 0 }, role: 'layer', field }
}

function checkName(name: unknown): void {
  const text = checkText(name, 'name')
  const refuse = (reason: string): RegistryError =>
    new RegistryError('NAME_INVALID', { name: text.slice(0, maxName), reason })
  if (text.length > maxName) throw refuse(`manifest name must not be more than ${maxName} characters`)
  const { tag, digest } = parseReference(text)
  if (tag !== undefined || digest !== undefined) throw refuse('invalid manifest name format')
}

function checkHistory(document: JsonObject): void {
  const history = listOf(document, 'history')
  const layers = listOf(document, 'fsLayers')
  if (history.length !== layers.length)
    throw invalid(`mismatched history and fslayer cardinality ${history.length} != ${layers.length}`, 'history')
  if (history.length === 0) throw invalid('must have at least one entry', 'history')
  if (history.length > maxHistory) throw invalid(`must not have more than ${maxHistory} entries`, 'history')
  for (const [index, entry] of history.entries()) textOf(entry, 'v1Compatibility', `history[${index}].v1Compatibility`)
}

function checkText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw invalid('must be a string', field)
  return value
}

function textOf(value: unknown, member: string, field: string): string {
  const isObject = typeof value === 'object' && value !== null
  return checkText(isObject ? (value as JsonObject)[member] : undefined, field)
}

function listOf(document: JsonObject, field: 'fsLayers' | 'history'): readonly unknown[] {
  const value = document[field] ?? []
  if (!Array.isArray(value)) throw invalid('must be a list', field)
  return value
}

function invalid(reason: string, field: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason, field })
}
