import { createSHA256, createSHA384, createSHA512, type IHasher } from 'hash-wasm'
import { type Digest, type DigestAlgorithm, Digester } from '@berth/digest'

/** What a checkpoint keeps of the hash of its bytes. */
export type HashRecord = DigestRecord | StateRecord

/** The digest of all bytes: enough to complete, but not to go on. */
export interface DigestRecord {
  readonly alg: DigestAlgorithm
  readonly digest: Digest
}

/** A hash that can go on, wherever `madeBy` is understood. */
export interface StateRecord {
  readonly alg: DigestAlgorithm
  /** Base64. */
  readonly state: string
  /** The name and version of what can load it. */
  readonly madeBy: string
}

/** A hash in progress. Ends with `record` or `digest`. */
export interface ContentHash {
  readonly algorithm: DigestAlgorithm
  update(bytes: Uint8Array): void
  /** What a checkpoint may keep of it. */
  record(): HashRecord
}

/** The version is that of the dependency; a state of another version is not loaded, and the bytes are read back. */
export const hashMaker = 'hash-wasm@4.13.0'

const create = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 }

/** Node's own: five times as fast, but its state cannot be kept. */
export class NativeHash implements ContentHash {
  readonly #digester: Digester

  constructor(algorithm: DigestAlgorithm) {
    this.#digester = new Digester(algorithm)
  }

  get algorithm(): DigestAlgorithm {
    return this.#digester.algorithm
  }

  update(bytes: Uint8Array): void {
    this.#digester.update(bytes)
  }

  record(): DigestRecord {
    return { alg: this.algorithm, digest: this.#digester.digest() }
  }
}

/** A hash that another request, on another node, can go on with. */
export class ResumableHash implements ContentHash {
  readonly algorithm: DigestAlgorithm
  readonly #hasher: IHasher

  private constructor(algorithm: DigestAlgorithm, hasher: IHasher) {
    this.algorithm = algorithm
    this.#hasher = hasher
  }

  static async start(algorithm: DigestAlgorithm): Promise<ResumableHash> {
    return new ResumableHash(algorithm, (await create[algorithm]()).init())
  }

  /** Goes on where a record was made, if it is of a kind that can be gone on with here. */
  static async resume(record: HashRecord): Promise<ResumableHash | undefined> {
    if (!('state' in record) || record.madeBy !== hashMaker) return undefined
    const hasher = await create[record.alg]()
    try {
      return new ResumableHash(record.alg, hasher.load(Buffer.from(record.state, 'base64')))
    } catch {
      // The state carries a mark of the code that made it, and is refused where that is another.
      return undefined
    }
  }

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes)
  }

  record(): StateRecord {
    return { alg: this.algorithm, state: Buffer.from(this.#hasher.save()).toString('base64'), madeBy: hashMaker }
  }

  /** The digest of all bytes so far. Ends this hash. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hasher.digest('hex')}` as Digest
  }
}

/** The digest of a checkpoint's bytes, if what it keeps tells it here. */
export async function recordedDigest(record: HashRecord): Promise<Digest | undefined> {
  return 'digest' in record ? record.digest : (await ResumableHash.resume(record))?.digest()
}
