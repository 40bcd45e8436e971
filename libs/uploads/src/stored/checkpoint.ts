import { isDigestAlgorithm, parseDigest } from '@berth/digest'
import type { Part } from '@berth/storage'
import type { HashRecord } from './content-hash.ts'

/** What an upload is: bytes beyond its last checkpoint do not exist. */
export interface Checkpoint {
  /** Random: who finds it in storage knows whose it is. */
  readonly id: string
  /** The sum of the parts' sizes, in bytes. */
  readonly size: number
  /** In the order of their bytes. */
  readonly parts: readonly Part[]
  /** Of exactly these bytes. */
  readonly hash: HashRecord
}

const version = 1

export function formatCheckpoint({ id, size, parts, hash }: Checkpoint): Uint8Array {
  return Buffer.from(JSON.stringify({ v: version, id, size, parts, hash }))
}

/** `undefined` where it is of another version, or damaged: the upload is started again then. */
export function parseCheckpoint(content: Uint8Array): Checkpoint | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString())
    if (!isRecord(value) || value['v'] !== version) return undefined
    const { id, size, parts } = value
    const hash = parseHash(value['hash'])
    if (typeof id !== 'string' || !isSize(size) || !Array.isArray(parts) || hash === undefined) return undefined
    return parts.every(isPart) ? { id, size, parts, hash } : undefined
  } catch {
    return undefined
  }
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
