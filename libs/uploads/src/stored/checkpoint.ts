import { isDigestAlgorithm, parseDigest } from '@berth/digest'
import type { Part } from '@berth/storage'
import type { HashRecord, HashRecords } from './content-hash.ts'

/** What an upload consists of. Bytes that its last checkpoint does not count do not exist. */
export interface Checkpoint {
  /** Random. A request that finds its own id in storage knows that it published this checkpoint. */
  readonly id: string
  /** The sum of the parts' sizes, in bytes. */
  readonly size: number
  /** In the order of their bytes. */
  readonly parts: readonly Part[]
  /** Hashes of exactly these bytes, at most one of each algorithm. */
  readonly hashes: HashRecords
}

const version = 1

export function formatCheckpoint({ id, size, parts, hashes: [hash, ...others] }: Checkpoint): Uint8Array {
  return Buffer.from(JSON.stringify({ v: version, id, size, parts, hash, ...(others.length > 0 && { others }) }))
}

/** @returns `undefined` if the content is damaged or of another version: the client then starts the upload again */
export function parseCheckpoint(content: Uint8Array): Checkpoint | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString())
    if (!isRecord(value) || value['v'] !== version) return undefined
    const { id, size, parts } = value
    const hashes = parseHashes(value['hash'], value['others'])
    if (typeof id !== 'string' || !isSize(size) || !Array.isArray(parts) || hashes === undefined) return undefined
    return parts.every(isPart) ? { id, size, parts, hashes } : undefined
  } catch {
    return undefined
  }
}

function parseHashes(first: unknown, others: unknown = []): HashRecords | undefined {
  const hash = parseHash(first)
  if (hash === undefined || !Array.isArray(others)) return undefined
  const parsed = others.map(parseHash)
  return parsed.every((each) => each !== undefined) ? [hash, ...parsed] : undefined
}

function parseHash(value: unknown): HashRecord | undefined {
  if (!isRecord(value)) return undefined
  const { alg, digest, state, madeBy } = value
  if (typeof alg !== 'string' || !isDigestAlgorithm(alg)) return undefined
  if (typeof digest === 'string') return { alg, digest: parseDigest(digest) }
  return typeof state === 'string' && typeof madeBy === 'string' ? { alg, state, madeBy } : undefined
}

function isPart(value: unknown): value is Part {
  return isRecord(value) && typeof value['name'] === 'string' && isSize(value['size'])
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
