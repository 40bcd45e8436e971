import type { Recording } from '../event-log.ts'

/** Size that a record is not to exceed if it has the events of more than one request, in bytes. */
export const maxRecordBytes = 1024 * 1024

/** A record of the journal: the events of some requests, in their order, as JSON. */
export function formatRecord(recordings: readonly Recording[]): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, recordings }))
}

/** @throws Error the record is damaged, or of a newer version */
export function parseRecord(content: Uint8Array): readonly Recording[] {
  const { v, recordings } = JSON.parse(Buffer.from(content).toString()) as { v: number; recordings: Recording[] }
  if (v !== 1) throw new Error(`the event record has the unknown version ${v}`)
  return recordings
}
