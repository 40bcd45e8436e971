import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Version } from '@berth/storage'

const markerPrefix = 'at.'
const firstPrefix = 'first-'
const versionForm = /^(?:first-)?[0-9a-f]{24}-[0-9a-f]{8}$/

/** A version of a record that is made. */
export function firstVersionOf(content: Uint8Array): Version {
  return firstPrefix + laterVersionOf(content)
}

/** A version of a record that is swapped. */
export function laterVersionOf(content: Uint8Array): Version {
  return `${randomBytes(12).toString('hex')}-${checksumOf(content)}`
}

/** Whether `text` has the form of a version, and thus may become part of a path. */
export function isVersion(text: string): boolean {
  return versionForm.test(text)
}

export function isFirst(version: Version): boolean {
  return version.startsWith(firstPrefix)
}

/** Whether `content` is all that was written as this version. */
export function isOf(version: Version, content: Uint8Array): boolean {
  return version.endsWith(`-${checksumOf(content)}`)
}

/** Whether it is the name of a file that says which version a record is at. */
export function isMarker(name: string): boolean {
  return name.startsWith(markerPrefix)
}

/** The version that the directory's record is at, by the names in it. */
export function versionAmong(names: readonly string[]): Version | undefined {
  return names.find(isMarker)?.slice(markerPrefix.length)
}

/** Where the directory's record says which version it is at. */
export function markerPath(directory: string, version: Version): string {
  return `${directory}/${markerPrefix}${version}`
}

/** Where a later version of a record says what it does. */
export function contentPath(record: string, version: Version): string {
  return `${record}.${version}`
}

function checksumOf(content: Uint8Array): string {
  return crc32(content).toString(16).padStart(8, '0')
}
