import { createCipheriv, createHash, randomUUID } from 'node:crypto'

const pieceBytes = 1024 * 1024
const zeros = Buffer.alloc(pieceBytes)
const cipherBlockBytes = 16

/** A blob that is too large to be kept: its bytes are made whenever they are needed, and are always the same. */
export class GeneratedBlob {
  readonly name: string
  readonly size: number
  readonly #key: Buffer

  /** @param size whole MiB */
  constructor(size: number, name: string = randomUUID()) {
    this.name = name
    this.size = size
    this.#key = createHash('md5').update(name).digest()
  }

  /** The bytes from `start` to before `end`, MiB by MiB. @param start at the beginning of a block of 16 bytes */
  *pieces(start = 0, end = this.size): Iterable<Buffer> {
    const counter = Buffer.alloc(cipherBlockBytes)
    counter.writeBigUInt64BE(BigInt(start / cipherBlockBytes), 8)
    const cipher = createCipheriv('aes-128-ctr', this.#key, counter)
    for (let at = start; at < end; at += pieceBytes) yield cipher.update(zeros.subarray(0, end - at))
  }

  /** Reads all of it, to know. */
  digest(): string {
    const hash = createHash('sha256')
    for (const piece of this.pieces()) hash.update(piece)
    return `sha256:${hash.digest('hex')}`
  }
}
