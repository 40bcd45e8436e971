import { parseDigest } from '@berth/digest'
import type { Catalog, ListedReferrer, Referrers, Tags } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import type { CatalogServiceServer } from '../gen/registry/v1/catalog.ts'
import type { ListedReferrer as ListedReferrerMessage, ReferrersServiceServer } from '../gen/registry/v1/referrers.ts'
import type { TagsServiceServer } from '../gen/registry/v1/tags.ts'
import { fromPageMessage, partsOf } from '../wire/pages.ts'
import type { Calls } from './calls.ts'

/** `TagsService` in terms of `Tags`. */
export function serveTags(tags: Tags, calls: Calls): TagsServiceServer {
  return {
    listTags: calls.stream(async function* ({ repository, page }) {
      const found = await tags.list(parseRepositoryName(repository), fromPageMessage(page))
      for (const { entries, hasMore } of partsOf(found, lengthOf)) yield { tags: entries, hasMore }
    }),

    deleteTag: calls.unary(async ({ repository, tag }) => {
      await tags.delete(parseRepositoryName(repository), parseTag(tag))
      return {}
    }),
  }
}

/** `CatalogService` in terms of `Catalog`. */
export function serveCatalog(catalog: Catalog, calls: Calls): CatalogServiceServer {
  return {
    listRepositories: calls.stream(async function* ({ page }) {
      const found = await catalog.list(fromPageMessage(page))
      for (const { entries, hasMore } of partsOf(found, lengthOf)) yield { repositories: entries, hasMore }
    }),
  }
}

/** `ReferrersService` in terms of `Referrers`. */
export function serveReferrers(referrers: Referrers, calls: Calls): ReferrersServiceServer {
  return {
    listReferrers: calls.stream(async function* ({ repository, subject, page, artifactType }) {
      const name = parseRepositoryName(repository)
      const found = await referrers.list(name, parseDigest(subject), fromPageMessage(page), artifactType)
      for (const { entries, hasMore } of partsOf(found, ({ descriptor }) => descriptor.byteLength))
        yield { entries: entries.map(toListedMessage), hasMore, last: hasMore ? found.last : undefined }
    }),
  }
}

function toListedMessage({ digest, descriptor }: ListedReferrer): ListedReferrerMessage {
  // Not a copy: what is sent is serialized before anything else is done with it.
  return { digest, descriptor: Buffer.from(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength) }
}

function lengthOf(text: string): number {
  return text.length
}
