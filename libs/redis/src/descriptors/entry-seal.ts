import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { formatLinkedBlob, type LinkedBlob, parseLinkedBlob, sharedLifeMs } from '@berth/blobs'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'

/** The keys of a registry, of which those of the cache are derived. */
export interface SealKeys {
  readonly signing: string | Uint8Array
  /** Also accepted, such as keys that signed before. */
  readonly verifying?: readonly (string | Uint8Array)[]
}

/** What an entry is about. An entry of another kind, repository or digest does not count. */
export interface Sealed {
  readonly kind: string
  readonly repository: RepositoryName
  readonly digest: Digest
}

/** Length of a MAC in base64url, in characters. */
const macLength = 43
/** How far the clock of another replica may be ahead, in milliseconds. */
const maxAheadMs = 300_000

/**
 * Seals what replicas share: a process that can write to Redis, but has no key of the registry, cannot make an entry that
 * a replica believes. It can put back an entry that was true within the last hour, and can have entries forgotten.
 *
 * A sealed entry is the MAC, when it was written in base 36, a full stop and the entry.
 */
export class EntrySeal {
  readonly #signing: KeyObject
  readonly #keys: readonly KeyObject[]
  readonly #nowMs: () => number

  /** @param nowMs the time of day, which replicas must agree on within minutes */
  constructor({ signing, verifying = [] }: SealKeys, nowMs: () => number = Date.now) {
    this.#signing = keyOf(signing)
    this.#keys = [this.#signing, ...verifying.map(keyOf)]
    this.#nowMs = nowMs
  }

  /** @throws TypeError the blob's descriptor is invalid */
  seal(about: Sealed, blob: LinkedBlob): string {
    const text = `${this.#nowMs().toString(36)}.${formatLinkedBlob(blob)}`
    return macOf(this.#signing, about, text).toString('base64url') + text
  }

  /** @returns `undefined` where no key sealed it, it is about something else, or it is too old */
  open(about: Sealed, entry: string): LinkedBlob | undefined {
    const mac = Buffer.from(entry.slice(0, macLength), 'base64url')
    const text = entry.slice(macLength)
    if (!this.#keys.some((key) => isSame(mac, macOf(key, about, text)))) return undefined
    const end = text.indexOf('.')
    const ageMs = this.#nowMs() - Number.parseInt(text.slice(0, end), 36)
    if (!(ageMs <= sharedLifeMs && ageMs >= -maxAheadMs)) return undefined
    return parseLinkedBlob(about.digest, text.slice(end + 1))
  }
}

function keyOf(secret: string | Uint8Array): KeyObject {
  if (secret.length === 0) throw new Error('a key must not be empty')
  return createSecretKey(createHmac('sha256', secret).update('berth shared descriptors').digest())
}

function macOf(key: KeyObject, { kind, repository, digest }: Sealed, text: string): Buffer {
  // None of the three contains a line's end.
  return createHmac('sha256', key).update(`${kind}\n${repository}\n${digest}\n${text}`).digest()
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.byteLength === other.byteLength && timingSafeEqual(one, other)
}
