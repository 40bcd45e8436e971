import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'

export interface KeyRingOptions {
  /** Signs every new token. */
  readonly signing: string | Uint8Array
  /** Also accepted: keys that are not used yet, and those whose tokens are still about. */
  readonly verifying?: readonly (string | Uint8Array)[]
}

/**
 * The keys that vouch for upload tokens. All nodes that share a storage have the same; a key is replaced by adding it
 * everywhere to verify, then letting it sign, then removing the old one when the purge age has passed.
 */
export class KeyRing {
  readonly #keys = new Map<string, KeyObject>()
  readonly #signingId: string

  /** @throws Error: a key has no bytes */
  constructor({ signing, verifying = [] }: KeyRingOptions) {
    const [signingId = ''] = [signing, ...verifying].map((secret) => this.#add(secret))
    this.#signingId = signingId
  }

  /** The id of the key that signs, as it stands in tokens. It tells nothing of the key. */
  get signingId(): string {
    return this.#signingId
  }

  sign(text: string): Uint8Array {
    return macOf(this.#keys.get(this.#signingId) as KeyObject, text)
  }

  /** Whether the key of that id, if it is on this ring, signed exactly this text. */
  verify(keyId: string, text: string, mac: Uint8Array): boolean {
    const key = this.#keys.get(keyId)
    if (key === undefined) return false
    const expected = macOf(key, text)
    return expected.byteLength === mac.byteLength && timingSafeEqual(expected, mac)
  }

  #add(secret: string | Uint8Array): string {
    if (secret.length === 0) throw new Error('a key of upload tokens must not be empty')
    // Two keys are derived, so that the id in every token can be no help against the other.
    const derive = (use: string): Buffer => createHmac('sha256', secret).update(use).digest()
    const id = derive('berth upload key id').toString('base64url').slice(0, 8)
    this.#keys.set(id, createSecretKey(derive('berth upload token')))
    return id
  }
}

function macOf(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
