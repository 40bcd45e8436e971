import type { Writable } from 'node:stream'
import type { BlobPiece, LocatedBlob, SendableBlobs } from '@berth/blobs'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { Recorder } from '../recorder.ts'
import { blobHappening } from './blob-happening.ts'

/** Blobs whose mounts and removals are recorded before they are acknowledged. */
export class RecordedBlobs implements SendableBlobs {
  readonly #blobs: SendableBlobs
  readonly #recorder: Recorder
  readonly locate?: (repository: RepositoryName, digest: Digest) => Promise<LocatedBlob>

  constructor(blobs: SendableBlobs, recorder: Recorder) {
    this.#blobs = blobs
    this.#recorder = recorder
    if (blobs.locate !== undefined) this.locate = blobs.locate.bind(blobs)
  }

  stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    return this.#blobs.stat(repository, digest)
  }

  statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]> {
    return this.#blobs.statAll(repository, digests, signal)
  }

  read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream> {
    return this.#blobs.read(repository, digest, range, signal)
  }

  put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor> {
    return this.#blobs.put(repository, content)
  }

  async mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
    const isMounted = await this.#blobs.mount(repository, digest, from)
    if (isMounted) {
      const { size } = await this.#blobs.stat(repository, digest)
      await this.#recorder.record([blobHappening('mount', repository, { digest, size }, from)])
    }
    return isMounted
  }

  async unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#blobs.unlink(repository, digest)
    await this.#recorder.record([{ action: 'delete', target: { digest, repository } }])
  }

  sendTo(
    repository: RepositoryName,
    digest: Digest,
    range: ByteRange,
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    return this.#blobs.sendTo(repository, digest, range, target, signal, share)
  }

  sendPieces(
    repository: RepositoryName,
    digest: Digest,
    pieces: readonly BlobPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    return this.#blobs.sendPieces(repository, digest, pieces, target, signal, share)
  }
}
