import { type Logger, RegistryError } from '@berth/errors'
import type { TokenHeader, TokenKeys, TrustedKey } from '../stored/token/token-keys.ts'
import type { KeyStore } from './key-files.ts'
import { findSigningKey, isRotationDue, type KeyRotation, rotateKeys } from './rotate-keys.ts'
import { formatKeySet, type SigningKey } from './signing-key.ts'

export interface SigningKeysOptions {
  readonly store: KeyStore
  readonly rotation: KeyRotation
  readonly log: Logger
  readonly nowMs?: () => number
}

/** After this a rotation that failed is tried again. */
const retryMs = 3_600_000

/** The token server's own keys: one signs, and all that are still trusted verify. */
export class SigningKeys implements TokenKeys {
  readonly #options: SigningKeysOptions
  readonly #nowMs: () => number
  #failedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SigningKeysOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  get generation(): unknown {
    return this.#options.store.value
  }

  /** A token that shows a key or a certificate is none of ours. */
  find({ kid, jwk, x5c }: TokenHeader): TrustedKey | undefined {
    if (jwk !== undefined || x5c !== undefined) return undefined
    const key = this.#trusted().find(({ id }) => id === kid)
    return key && { key: key.publicKey, alg: key.algorithm, trustedUntilMs: key.trustedUntil * 1000 }
  }

  /**
   * The key that signs now. Where it is time, another one is made.
   *
   * @throws RegistryError UNAVAILABLE: there is none
   */
  signing(): SigningKey {
    this.#rotateWhereDue()
    const key = findSigningKey(this.#options.store.value, this.#now())
    if (key === undefined) throw new RegistryError('UNAVAILABLE', { reason: 'there is no key to sign tokens with now' })
    return key
  }

  /** What anybody may know of the keys, of those that do not sign yet as well. */
  keySet(): string {
    return formatKeySet(this.#trusted())
  }

  #rotateWhereDue(): void {
    const { store, rotation, log } = this.#options
    if (!isRotationDue(store.value, rotation, this.#now())) return
    if (this.#nowMs() - this.#failedAtMs < retryMs) return
    try {
      const keys = rotateKeys(store.value, rotation, this.#now())
      store.replace(keys)
      log.info({ key: keys[0]?.id, signsFrom: keys[0]?.signsFrom }, 'created a new token signing key')
    } catch (error) {
      this.#failedAtMs = this.#nowMs()
      log.error({ err: error }, 'cannot create a new token signing key')
    }
  }

  #trusted(): readonly SigningKey[] {
    const now = this.#now()
    return this.#options.store.value.filter(({ trustedUntil }) => trustedUntil > now)
  }

  #now(): number {
    return Math.floor(this.#nowMs() / 1000)
  }
}
