import { createSHA256, createSHA384, createSHA512, type IHasher } from 'hash-wasm'
import { type Digest, type DigestAlgorithm, Digester } from '@berth/digest'

/** What a checkpoint keeps of its bytes' hashes: the one that the upload was started for, and those that were needed since. */
export type HashRecords = readonly [HashRecord, ...HashRecord[]]

/** What a checkpoint keeps of a hash of its bytes. */
export type HashRecord = DigestRecord | StateRecord

/** The digest of all bytes: enough to complete the upload, not to continue it. */
export interface DigestRecord {
  readonly alg: DigestAlgorithm
  readonly digest: Digest
}

/** The state of a hash, from which any process can continue that knows `madeBy`. */
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
  /** What a checkpoint keeps of it. Ends this hash. */
  record(): HashRecord
}

/** The name and version of the dependency. A state of another version is not loaded; the bytes are read back instead. */
export const hashMaker = 'hash-wasm@4.13.0'

const create = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 }

/** Maximum number of idle hashers of each algorithm. Making one takes longer than hashing a small chunk. */
const maxIdle = 16
const idle: Readonly<Record<DigestAlgorithm, IHasher[]>> = { sha256: [], sha384: [], sha512: [] }

/** Node's own hash: several times as fast, but its state cannot be saved. */
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

/** A hash that another request, on another node, can continue. */
export class ResumableHash implements ContentHash {
  readonly algorithm: DigestAlgorithm
  readonly #hasher: IHasher

  private constructor(algorithm: DigestAlgorithm, hasher: IHasher) {
    this.algorithm = algorithm
    this.#hasher = hasher
  }

  static async start(algorithm: DigestAlgorithm): Promise<ResumableHash> {
    return new ResumableHash(algorithm, (await takeHasher(algorithm)).init())
  }

  /** @returns a hash that continues where the record was made; `undefined` if that is not possible here */
  static async resume(record: HashRecord): Promise<ResumableHash | undefined> {
    if (!('state' in record) || record.madeBy !== hashMaker) return undefined
    const hasher = await takeHasher(record.alg)
    try {
      return new ResumableHash(record.alg, hasher.load(Buffer.from(record.state, 'base64')))
    } catch {
      // The state names the code that made it, and other code refuses to load it.
      giveHasher(record.alg, hasher)
      return undefined
    }
  }

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes)
  }

  /** Ends this hash. */
  record(): StateRecord {
    const state = Buffer.from(this.#hasher.save()).toString('base64')
    giveHasher(this.algorithm, this.#hasher)
    return { alg: this.algorithm, state, madeBy: hashMaker }
  }

  /** The digest of all bytes so far. Ends this hash. */
  digest(): Digest {
    const digest = `${this.algorithm}:${this.#hasher.digest('hex')}` as Digest
    giveHasher(this.algorithm, this.#hasher)
    return digest
  }
}

/** Hashes of the same bytes by one or more algorithms. Ends with `records`. */
export class ContentHashes {
  readonly #hashes: readonly [ContentHash, ...ContentHash[]]

  constructor(hashes: readonly [ContentHash, ...ContentHash[]]) {
    this.#hashes = hashes
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes) hash.update(bytes)
  }

  records(): HashRecords {
    const [first, ...others] = this.#hashes
    return [first.record(), ...others.map((hash) => hash.record())]
  }
}

/** Continues all hashes of a checkpoint that can be continued here. */
export async function resumeHashes(records: HashRecords): Promise<readonly ResumableHash[]> {
  const hashes = await Promise.all(records.map((record) => ResumableHash.resume(record)))
  return hashes.filter((hash) => hash !== undefined)
}

/** The digest of a checkpoint's bytes, if its records tell it. */
export async function recordedDigest(records: HashRecords, algorithm: DigestAlgorithm): Promise<Digest | undefined> {
  const record = records.find(({ alg }) => alg === algorithm)
  if (record === undefined) return undefined
  return 'digest' in record ? record.digest : (await ResumableHash.resume(record))?.digest()
}

/** The records with one more, in place of a record of the same algorithm. */
export function withRecord([first, ...others]: HashRecords, record: HashRecord): HashRecords {
  if (first.alg === record.alg) return [record, ...others]
  return [first, ...others.filter(({ alg }) => alg !== record.alg), record]
}

async function takeHasher(algorithm: DigestAlgorithm): Promise<IHasher> {
  return idle[algorithm].pop() ?? (await create[algorithm]())
}

function giveHasher(algorithm: DigestAlgorithm, hasher: IHasher): void {
  if (idle[algorithm].length < maxIdle) idle[algorithm].push(hasher)
}
