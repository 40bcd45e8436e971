import type { RepositoryName } from '@berth/reference'
import type { ContentStore } from '@berth/storage'
import type { Catalog, Page, PageRequest } from '../listings.ts'
import type { Adoption } from './adoption.ts'
import type { CatalogIndex } from './catalog-index.ts'
import { byBytes, pageOf } from './pages.ts'
import { translating } from './translating.ts'
import { walkRepositories } from './walk-repositories.ts'

export interface CatalogParts {
  readonly storage: ContentStore
  readonly catalog: CatalogIndex
  readonly adoption: Adoption
}

export class StoredCatalog implements Catalog {
  readonly #parts: CatalogParts
  #walk: Promise<readonly RepositoryName[]> | undefined

  constructor(parts: CatalogParts) {
    this.#parts = parts
  }

  async list(page: PageRequest): Promise<Page<RepositoryName>> {
    const { catalog, adoption } = this.#parts
    return translating(async () => {
      if (await adoption.done()) return catalog.list(page)
      this.#walk ??= this.#walked().finally(() => (this.#walk = undefined))
      return pageOf(await this.#walk, page)
    })
  }

  /** Of a tree without an index. */
  async #walked(): Promise<readonly RepositoryName[]> {
    const names: RepositoryName[] = []
    await walkRepositories(this.#parts.storage, async (name) => void names.push(name))
    return names.sort(byBytes)
  }
}
