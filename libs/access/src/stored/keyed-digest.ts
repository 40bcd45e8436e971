import { hash, randomBytes } from 'node:crypto'

const blockBytes = 64
/** Texts that are longer than any credentials are rare enough to make room for each. */
const commonBytes = 1024

/**
 * Makes keys for tables of what was verified, from which nobody learns what that was: HMAC-SHA-256 with a key that
 * this process made. Node's own `createHmac` takes ten times as long for texts of this size.
 *
 * @see RFC 2104
 */
export class KeyedDigest {
  readonly #inner: Buffer
  readonly #outer: Buffer

  constructor(key: Uint8Array = randomBytes(blockBytes)) {
    if (key.byteLength > blockBytes) throw new TypeError(`a key of more than ${blockBytes} bytes`)
    this.#inner = Buffer.alloc(blockBytes + commonBytes, 0x36)
    this.#outer = Buffer.alloc(blockBytes + 32, 0x5c)
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
  }

  of(text: string): string {
    // A character is three bytes of UTF-8 at most.
    const isCommon = text.length <= commonBytes / 3
    const message = isCommon ? this.#inner : Buffer.alloc(blockBytes + Buffer.byteLength(text))
    if (!isCommon) this.#inner.copy(message, 0, 0, blockBytes)
    const end = blockBytes + message.write(text, blockBytes)
    hash('sha256', message.subarray(0, end), 'buffer').copy(this.#outer, blockBytes)
    // It was a credential.
    message.fill(0, blockBytes, end)
    return hash('sha256', this.#outer, 'base64')
  }
}
