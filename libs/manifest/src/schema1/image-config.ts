import { type JsonObject, readAsGo } from '../json/read-document.ts'
import { imageConfigShape } from '../shapes.ts'
import { refuse } from './build-schema1.ts'
import { reformatTime } from './format-time.ts'
import { maxHistory } from './parse-schema1.ts'
import { rawMembers } from './raw-members.ts'

/** The parts of an image's configuration that schema1 is made of. */
export interface ImageConfig {
  /** All members, as they are written. */
  readonly members: ReadonlyMap<string, string>
  readonly architecture: string
  readonly baseLayer: string
  /** The number of layers that the configuration lists. */
  readonly layerCount: number
  /** From the base upwards; at least one. */
  readonly history: readonly [HistoryEntry, ...HistoryEntry[]]
}

export interface HistoryEntry {
  readonly created: string
  readonly author: string
  readonly createdBy: string
  readonly comment: string
  readonly isEmptyLayer: boolean
}

/** Maximum number of members, which are sorted. Real configurations have about twenty. */
const maxMembers = 1024

/** @throws RegistryError MANIFEST_INVALID: not the configuration of an image that has a history */
export function parseImageConfig(content: Uint8Array): ImageConfig {
  const document = readAsGo(content, imageConfigShape)
  const members = rawMembers(Buffer.from(content).toString(), maxMembers)
  if (members.size > maxMembers) throw refuse(`image configuration: must not have more than ${maxMembers} members`)
  const entries = listOf(document['history'], 'history')
  if (entries.length > maxHistory) throw refuse(`more than ${maxHistory} entries of history are too many for schema1`)
  const [first, ...others] = entries.map((entry, index) => parseEntry(entry, `history[${index}]`))
  if (first === undefined) throw refuse('empty history when trying to create schema1 manifest')
  const rootfs = objectOf(document['rootfs'], 'rootfs')
  return {
    members,
    architecture: textOf(document['architecture'], 'architecture'),
    baseLayer: textOf(rootfs['base_layer'], 'rootfs.base_layer'),
    layerCount: listOf(rootfs['diff_ids'], 'rootfs.diff_ids').length,
    history: [first, ...others],
  }
}

function parseEntry(value: unknown, field: string): HistoryEntry {
  const entry = objectOf(value, field)
  const created = reformatTime(entry['created'])
  if (created === undefined) throw refuse(`image configuration: ${field}.created must be a time of RFC 3339`)
  const isEmptyLayer = entry['empty_layer'] ?? false
  if (typeof isEmptyLayer !== 'boolean') throw refuse(`image configuration: ${field}.empty_layer must be true or false`)
  return {
    created,
    author: textOf(entry['author'], `${field}.author`),
    createdBy: textOf(entry['created_by'], `${field}.created_by`),
    comment: textOf(entry['comment'], `${field}.comment`),
    isEmptyLayer,
  }
}

function textOf(value: unknown, field: string): string {
  if (typeof (value ?? '') !== 'string') throw refuse(`image configuration: ${field} must be a string`)
  return ((value ?? '') as string).toWellFormed()
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value ?? [])) throw refuse(`image configuration: ${field} must be a list`)
  return (value ?? []) as readonly unknown[]
}

function objectOf(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(`image configuration: ${field} must be an object`)
  return value as JsonObject
}
