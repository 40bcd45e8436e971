import { parseDigest } from '@berth/digest'
import type { Catalog, Referrers, Tags } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import type { CatalogServiceServer } from '../gen/registry/v1/catalog.ts'
import type { ReferrersServiceServer } from '../gen/registry/v1/referrers.ts'
import type { TagsServiceServer } from '../gen/registry/v1/tags.ts'
import { toDescriptorMessage } from '../wire/descriptors.ts'
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
      const { entries, hasMore } = await referrers.list(name, parseDigest(subject), fromPageMessage(page), artifactType)
      const messages = { entries: entries.map(toDescriptorMessage), hasMore }
      for (const part of partsOf(messages, ({ otherFields, digest }) => otherFields.byteLength + digest.length))
        yield { referrers: part.entries, hasMore: part.hasMore }
    }),
  }
}

function lengthOf(text: string): number {
  return text.length
}
