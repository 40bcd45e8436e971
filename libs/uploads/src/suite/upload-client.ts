import { type ByteStream, collect, streamOf } from '@berth/bytes'
import type { Blobs } from '@berth/blobs'
import type { Digest, DigestAlgorithm } from '@berth/digest'
import { parseRepositoryName, type RepositoryName } from '@berth/reference'
import type { BlobUploads, Chunk, CompletedUpload, Upload, UploadRef } from '../blob-uploads.ts'

export interface UploadServices {
  readonly uploads: BlobUploads
  readonly blobs: Blobs
}

export const repository = parseRepositoryName('library/app')

/** Content that arrives in pieces. */
export function arriving(...pieces: readonly string[]): ByteStream {
  return streamOf(...pieces.map((piece) => Buffer.from(piece)))
}

/** Content whose client goes away after some pieces. */
export async function* cutOff(...pieces: readonly string[]): ByteStream {
  yield* arriving(...pieces)
  throw new Error('connection reset')
}

/** One chunk of a client that sends many, as with `Content-Range`. */
export function chunkAt(start: number, text: string): Chunk {
  return { content: arriving(text), start, size: Buffer.byteLength(text), isOneOfMany: true }
}

/** A body without a range, as most clients send it. */
export function body(text: string): Chunk {
  return { content: arriving(text), isOneOfMany: false }
}

/** A client that follows one upload, each time by the token it was given last. */
export class UploadClient {
  readonly #services: UploadServices
  readonly repository: RepositoryName
  upload: Upload

  private constructor(services: UploadServices, name: RepositoryName, upload: Upload) {
    this.#services = services
    this.repository = name
    this.upload = upload
  }

  static async start(
    services: UploadServices,
    { name = repository, algorithm }: { name?: RepositoryName; algorithm?: DigestAlgorithm } = {},
  ): Promise<UploadClient> {
    return new UploadClient(services, name, await services.uploads.start(name, algorithm))
  }

  /** The same client, as another node meets it. */
  on(services: UploadServices): UploadClient {
    return new UploadClient(services, this.repository, this.upload)
  }

  get ref(): UploadRef {
    return { repository: this.repository, id: this.upload.id, state: this.upload.state }
  }

  async append(chunk: Chunk, signal?: AbortSignal): Promise<number> {
    this.upload = await this.#services.uploads.append(this.ref, chunk, signal)
    return this.upload.offset
  }

  async status(): Promise<number> {
    this.upload = await this.#services.uploads.status(this.ref)
    return this.upload.offset
  }

  complete(digest: Digest, chunk?: Chunk): Promise<CompletedUpload> {
    return this.#services.uploads.complete(this.ref, digest, chunk)
  }

  cancel(): Promise<void> {
    return this.#services.uploads.cancel(this.ref)
  }

  /** What can be read under a digest. */
  async read(digest: Digest): Promise<string> {
    const content = await this.#services.blobs.read(this.repository, digest)
    return Buffer.from(await collect(content, 1_000_000)).toString()
  }
}
