import { type Digest, parseDigest } from '@berth/digest'
import type { Catalog, ListedReferrer, Page, PageRequest, Referrers, ReferrersPage, Tags } from '@berth/manifests'
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '@berth/reference'
import { CatalogServiceService } from '../gen/registry/v1/catalog.ts'
import { type ListedReferrer as ListedReferrerMessage, ReferrersServiceService } from '../gen/registry/v1/referrers.ts'
import { TagsServiceService } from '../gen/registry/v1/tags.ts'
import { toPageMessage } from '../wire/pages.ts'
import { understood } from '../wire/understood.ts'
import type { RpcChannel } from './rpc-channel.ts'

/** The tags of another process. */
export class RemoteTags implements Tags {
  readonly #channel: RpcChannel

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>> {
    const parts = await this.#channel.collect(TagsServiceService.listTags, { repository, page: toPageMessage(page) })
    return { entries: understood(() => parts.flatMap(({ tags }) => tags.map(parseTag))), hasMore: hasMoreAfter(parts) }
  }

  async delete(repository: RepositoryName, tag: Tag): Promise<void> {
    await this.#channel.call(TagsServiceService.deleteTag, { repository, tag }, { isRepeatable: false })
  }
}

/** The catalog of another process. */
export class RemoteCatalog implements Catalog {
  readonly #channel: RpcChannel

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async list(page: PageRequest): Promise<Page<RepositoryName>> {
    const request = { page: toPageMessage(page) }
    const parts = await this.#channel.collect(CatalogServiceService.listRepositories, request)
    const entries = understood(() => parts.flatMap(({ repositories }) => repositories.map(parseRepositoryName)))
    return { entries, hasMore: hasMoreAfter(parts) }
  }
}

/** The referrers of another process. */
export class RemoteReferrers implements Referrers {
  readonly #channel: RpcChannel

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async list(
    repository: RepositoryName,
    subject: Digest,
    page: PageRequest,
    artifactType?: string,
  ): Promise<ReferrersPage> {
    const request = { repository, subject, page: toPageMessage(page), artifactType }
    const parts = await this.#channel.collect(ReferrersServiceService.listReferrers, request)
    return understood(() => {
      const last = parts.at(-1)?.last
      return {
        entries: parts.flatMap(({ entries }) => entries.map(fromListedMessage)),
        hasMore: hasMoreAfter(parts),
        ...(last !== undefined && { last: parseDigest(last) }),
      }
    })
  }
}

function fromListedMessage({ digest, descriptor }: ListedReferrerMessage): ListedReferrer {
  return { digest: parseDigest(digest), descriptor }
}

function hasMoreAfter(parts: readonly { readonly hasMore: boolean }[]): boolean {
  return parts.at(-1)?.hasMore ?? false
}
