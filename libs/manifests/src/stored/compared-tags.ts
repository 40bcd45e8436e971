import { LruCache } from '@berth/bytes'
import type { RepositoryName, Tag } from '@berth/reference'
import { type ListingComparingDriver, layout, StorageError } from '@berth/storage'

const maxWeight = 32 * 1024 * 1024
/** More are listed each time: whoever asks for a page of them must not need memory for all. */
const maxTags = 100_000

interface Compared {
  readonly version: string
  readonly tags: readonly Tag[]
}

/** All tags of repositories that others may change, for as long as storage can tell that they have not. */
export class ComparedTags {
  readonly #storage: ListingComparingDriver
  readonly #known = new LruCache<RepositoryName, Compared>({ maxWeight })

  constructor(storage: ListingComparingDriver) {
    this.#storage = storage
  }

  /**
   * @param list all tags in byte order, or `undefined` if there are more than so many
   * @returns `undefined` where it cannot be told, or there are too many
   */
  async all(
    repository: RepositoryName,
    list: (most: number) => Promise<readonly Tag[] | undefined>,
  ): Promise<readonly Tag[] | undefined> {
    const version = await this.#versionOf(repository)
    if (version === undefined) return undefined
    const known = this.#known.get(repository)
    if (known?.version === version) return known.tags
    const tags = await list(maxTags)
    if (tags !== undefined && (await this.#versionOf(repository)) === version) {
      const weight = tags.reduce((sum, tag) => sum + tag.length + 32, repository.length + 200)
      this.#known.set(repository, { version, tags }, weight)
    }
    return tags
  }

  async #versionOf(repository: RepositoryName): Promise<string | undefined> {
    try {
      return await this.#storage.listingVersion(layout.tagsRoot(repository))
    } catch (error) {
      if (StorageError.isNotFound(error)) return undefined
      throw error
    }
  }
}
