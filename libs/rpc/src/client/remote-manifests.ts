import { type Digest, parseDigest } from '@berth/digest'
import type { FormerFormat, Manifests, ManifestUpload, PushedManifest, StoredManifest } from '@berth/manifests'
import { parseTag, type RepositoryName, type Tag } from '@berth/reference'
import { ManifestsServiceService as service } from '../gen/registry/v1/manifests.ts'
import { toFormatMessage } from '../wire/former-formats.ts'
import { checkContentSize } from '../wire/limits.ts'
import { understood } from '../wire/understood.ts'
import type { RpcChannel } from './rpc-channel.ts'

/** The manifests of another process. */
export class RemoteManifests implements Manifests {
  readonly #channel: RpcChannel

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest> {
    const request = { repository, reference, newest: toFormatMessage(newest) }
    const answer = await this.#channel.call(service.getManifest, request, { isRepeatable: true })
    const { mediaType, content } = answer
    return { mediaType, digest: understood(() => parseDigest(answer.digest)), content }
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

  async delete(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#channel.call(service.deleteManifest, { repository, digest }, { isRepeatable: false })
  }
}
