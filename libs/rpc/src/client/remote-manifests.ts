import { ByteBudget } from '@berth/bytes'
import { type Digest, parseDigest } from '@berth/digest'
import type { FormerFormat, Manifests, ManifestUpload, PushedManifest, StoredManifest } from '@berth/manifests'
import { parseTag, type RepositoryName, type Tag } from '@berth/reference'
import {
  type GetManifestRequest,
  type GetManifestResponse,
  ManifestsServiceService as service,
} from '../gen/registry/v1/manifests.ts'
import { toFormatMessage } from '../wire/former-formats.ts'
import { checkContentSize } from '../wire/limits.ts'
import { understood } from '../wire/understood.ts'
import type { RpcChannel } from './rpc-channel.ts'

/** Maximum size of a manifest that is received without asking for its size first, in bytes. */
const smallContent = 64 * 1024
/** Maximum size of all larger manifests that are being received, in bytes. */
const maxReceiving = 32 * 1024 * 1024

/** The manifests of another process. */
export class RemoteManifests implements Manifests {
  readonly #channel: RpcChannel
  readonly #receiving = new ByteBudget(maxReceiving)

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest> {
    const request = { repository, reference, newest: toFormatMessage(newest) }
    let answer = await this.#get(request, smallContent)
    // Each round asks for more than the one before: a tag may be moved to a larger manifest between two rounds.
    while (answer.contentSize !== undefined) {
      const taken = await this.#receiving.take(answer.contentSize)
      try {
        answer = await this.#get(request, taken)
      } finally {
        this.#receiving.give(taken)
      }
    }
    const { mediaType, digest, content } = answer
    return { mediaType, digest: understood(() => parseDigest(digest)), content }
  }

  async put(repository: RepositoryName, manifest: ManifestUpload, signal?: AbortSignal): Promise<PushedManifest> {
    const { digest, tags, mediaType, content } = manifest
    checkContentSize(content)
    const request = { repository, digest, tags: [...tags], mediaType, content }
    const pushed = await this.#channel.call(service.putManifest, request, { signal, isRepeatable: true })
    return understood(() => ({
      digest: parseDigest(pushed.digest),
      ...(pushed.subject !== undefined && { subject: parseDigest(pushed.subject) }),
      tags: pushed.tags.map(parseTag),
      ...(pushed.warnings.length > 0 && { warnings: pushed.warnings }),
    }))
  }

  async delete(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]> {
    const { tags } = await this.#channel.call(service.deleteManifest, { repository, digest }, { isRepeatable: false })
    return understood(() => tags.map(parseTag))
  }

  #get(request: Omit<GetManifestRequest, 'contentLimit'>, contentLimit: number): Promise<GetManifestResponse> {
    return this.#channel.call(service.getManifest, { ...request, contentLimit }, { isRepeatable: true })
  }
}
