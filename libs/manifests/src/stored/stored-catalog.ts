import type { RepositoryName } from '@berth/reference'
import type { Catalog, Page, PageRequest } from '../listings.ts'
import type { Adoption } from './adoption.ts'
import type { CatalogIndex } from './catalog-index.ts'
import { translating } from './translating.ts'

export class StoredCatalog implements Catalog {
  readonly #catalog: CatalogIndex
  readonly #adoption: Adoption

  constructor({ catalog, adoption }: { catalog: CatalogIndex; adoption: Adoption }) {
    this.#catalog = catalog
    this.#adoption = adoption
  }

  async list(page: PageRequest): Promise<Page<RepositoryName>> {
    return translating(async () => {
      await this.#adoption.done()
      return this.#catalog.list(page)
    })
  }
}
