import { RegistryError } from '@berth/errors'
import type { RepositoryName, Tag } from '@berth/reference'
import { findStat, layout, type ContentStore } from '@berth/storage'
import type { Page, PageRequest, Tags } from '../listings.ts'
import type { CatalogIndex } from './catalog-index.ts'
import type { TagRecords } from './tag-records.ts'
import { translating } from './translating.ts'

export class StoredTags implements Tags {
  readonly #storage: ContentStore
  readonly #tags: TagRecords
  readonly #catalog: CatalogIndex

  constructor({ storage, tags, catalog }: { storage: ContentStore; tags: TagRecords; catalog: CatalogIndex }) {
    this.#storage = storage
    this.#tags = tags
    this.#catalog = catalog
  }

  async list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>> {
    return translating(async () => {
      const found = await this.#tags.list(repository, page)
      if (found !== undefined) return found
      if (await this.#isKnown(repository)) return { entries: [], hasMore: false }
      throw new RegistryError('NAME_UNKNOWN', { name: repository })
    })
  }

  async delete(repository: RepositoryName, tag: Tag): Promise<void> {
    const wasThere = await translating(() =>
      this.#tags.exclusively(repository, [tag], () => this.#tags.remove(repository, tag)),
    )
    if (!wasThere) throw new RegistryError('MANIFEST_UNKNOWN', { name: repository, reference: tag })
  }

  /** An object store has no directory of tags once the last is gone; the catalog still has the repository. */
  async #isKnown(repository: RepositoryName): Promise<boolean> {
    const directory = await findStat(this.#storage, layout.manifestsRoot(repository))
    return directory !== undefined || this.#catalog.has(repository)
  }
}
