import type { Blobs } from '@berth/blobs'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import { BlobsServiceService as service, type ReadBlobResponse } from '../gen/registry/v1/blobs.ts'
import { fromDescriptorMessage } from '../wire/descriptors.ts'
import { checkContentSize } from '../wire/limits.ts'
import { understood } from '../wire/understood.ts'
import type { RpcChannel } from './rpc-channel.ts'

/** The blobs of another process. */
export class RemoteBlobs implements Blobs {
  readonly #channel: RpcChannel

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    const { descriptor } = await this.#channel.call(service.statBlob, { repository, digest }, { isRepeatable: true })
    return understood(() => fromDescriptorMessage(descriptor))
  }

  async statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]> {
    const request = { repository, digests: [...digests] }
    const { found } = await this.#channel.call(service.statBlobs, request, { signal, isRepeatable: true })
    return understood(() => found.map(({ descriptor }) => descriptor && fromDescriptorMessage(descriptor)))
  }

  async read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream> {
    const wanted = range && { start: BigInt(range.start), end: BigInt(range.end) }
    const messages = await this.#channel.open(service.readBlob, { repository, digest, range: wanted }, signal)
    return chunksOf(messages)
  }

  /** Again, if need be: the same content is the same blob. */
  async put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor> {
    checkContentSize(content)
    const { descriptor } = await this.#channel.call(service.putBlob, { repository, content }, { isRepeatable: true })
    return understood(() => fromDescriptorMessage(descriptor))
  }

  async mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
    const request = { repository, digest, from }
    return (await this.#channel.call(service.mountBlob, request, { isRepeatable: true })).wasMounted
  }

  async unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#channel.call(service.unlinkBlob, { repository, digest }, { isRepeatable: false })
  }
}

async function* chunksOf(messages: AsyncIterable<ReadBlobResponse>): ByteStream {
  for await (const { part } of messages) if (part?.$case === 'chunk') yield part.value
}
