import { LruCache } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import { parseTag, type RepositoryName, type Tag } from '@berth/reference'
import {
  type CheapWritesDriver,
  DamagedLink,
  findWholeLink,
  forEachLimited,
  layout,
  type ListingComparingDriver,
  putLink,
  settleAll,
  type ContentStore,
  StorageError,
} from '@berth/storage'
import type { Page, PageRequest } from '../listings.ts'
import { ComparedTags } from './compared-tags.ts'
import { KeyedMutex } from './keyed-mutex.ts'
import { collectPage, pageOf, withEntry, withoutEntry } from './pages.ts'
import { Recollection } from './recollection.ts'

/** One that can tell whether tags have changed spares listing them; one with cheap writes, reading before them. */
export type ManifestStorage = ContentStore & Partial<ListingComparingDriver> & Partial<CheapWritesDriver>

const maxRemembered = { digests: 32 * 1024 * 1024, lists: 32 * 1024 * 1024 }
const parallelReads = 16
/** Maximum number of tags of one repository that are held at once. A longer list is read again for each page. */
const defaultMaxListed = 100_000
/** Maximum number of repositories whose list is known to be longer. */
const maxKnownLong = 1000

/** The tags of all repositories, as links in storage. What decides between two writers of a tag is for the caller. */
export class TagRecords {
  readonly #storage: ManifestStorage
  readonly #isExclusive: boolean
  readonly #mutex = new KeyedMutex()
  readonly #digests: Recollection<Digest>
  readonly #lists: Recollection<readonly Tag[]>
  readonly #compared: ComparedTags | undefined
  readonly #maxListed: number
  readonly #long = new LruCache<RepositoryName, true>({ maxWeight: maxKnownLong })

  /** @param options.maxListed see `defaultMaxListed` */
  constructor(options: { storage: ManifestStorage; isExclusive: boolean; maxListed?: number }) {
    const { storage, isExclusive, maxListed = defaultMaxListed } = options
    this.#storage = storage
    this.#maxListed = maxListed
    const { listingVersion } = storage
    if (listingVersion !== undefined && !isExclusive)
      this.#compared = new ComparedTags({ listingVersion: (path) => listingVersion.call(storage, path) })
    this.#isExclusive = isExclusive
    this.#digests = new Recollection({
      maxWeight: isExclusive ? maxRemembered.digests : 0,
      weigh: (key, digest) => key.length + digest.length + 200,
    })
    this.#lists = new Recollection({
      maxWeight: isExclusive ? maxRemembered.lists : 0,
      weigh: (key, tags) => tags.reduce((sum, tag) => sum + tag.length + 32, key.length + 200),
    })
  }

  /** Lets one writer of each of these tags in this process go after the other. */
  async exclusively<T>(repository: RepositoryName, tags: readonly Tag[], task: () => Promise<T>): Promise<T> {
    const keys = tags.map((tag) => keyOf(repository, tag))
    return this.#mutex.runAll(keys, task)
  }

  /** What the tag holds, as far as it is known without looking. */
  recall(repository: RepositoryName, tag: Tag): Digest | undefined {
    return this.#digests.get(keyOf(repository, tag))
  }

  /** @throws DamagedLink */
  async find(repository: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return this.#digests.read(keyOf(repository, tag), () =>
      findWholeLink(this.#storage, layout.tagCurrentLinkPath(repository, tag)),
    )
  }

  /** Makes the tag hold `digest`. */
  async move(repository: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
    const key = keyOf(repository, tag)
    try {
      await settleAll([
        putLink(this.#storage, layout.tagIndexLinkPath(repository, tag, digest), digest),
        putLink(this.#storage, layout.tagCurrentLinkPath(repository, tag), digest),
      ])
    } catch (error) {
      this.#digests.forget(key)
      this.#lists.forget(repository)
      throw error
    }
    this.#digests.set(key, digest)
    this.#lists.change(repository, (tags) => withEntry(tags, tag))
  }

  /** @returns whether there was such a tag */
  async remove(repository: RepositoryName, tag: Tag): Promise<boolean> {
    try {
      await this.#storage.delete(layout.tagRoot(repository, tag))
    } catch (error) {
      if (StorageError.isNotFound(error)) return false
      this.#lists.forget(repository)
      throw error
    } finally {
      this.#digests.forget(keyOf(repository, tag))
    }
    this.#lists.change(repository, (tags) => withoutEntry(tags, tag))
    return true
  }

  /**
   * Removes every tag that holds `digest`, as long as `isDue` says so when the tag's turn has come.
   *
   * @returns the removed tags
   */
  async removeHolders(
    repository: RepositoryName,
    digest: Digest,
    isDue: () => Promise<boolean>,
  ): Promise<readonly Tag[]> {
    const removed: Tag[] = []
    const tags = (await this.#remembered(repository)) ?? this.#storedIfAny(repository)
    await forEachLimited(tags, parallelReads, async (tag) => {
      if (!(await this.#holds(repository, tag, digest))) return
      await this.exclusively(repository, [tag], async () => {
        if (!(await this.#holds(repository, tag, digest)) || !(await isDue())) return
        if (await this.remove(repository, tag)) removed.push(tag)
      })
    })
    return removed
  }

  /**
   * The tags in byte order, or `undefined` where the repository has no directory of them. A tag is listed as soon as
   * its directory is there: to look into each would cost a read for every tag. One whose push was cut short is listed,
   * too, as in Distribution, until it is pushed again or removed.
   */
  async list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag> | undefined> {
    if (!this.#isExclusive) {
      const same = await this.#compared?.all(repository, (most) => this.#listUpTo(repository, most))
      return same === undefined ? this.#listStored(repository, page) : pageOf(same, page)
    }
    const tags = this.#lists.get(repository) ?? (await this.#remembered(repository))
    return tags === undefined ? this.#listStored(repository, page) : pageOf(tags, page)
  }

  async #listUpTo(repository: RepositoryName, most: number): Promise<readonly Tag[] | undefined> {
    const page = await this.#listStored(repository, { limit: most })
    return page?.hasMore === false ? page.entries : undefined
  }

  async #listStored(repository: RepositoryName, page: PageRequest): Promise<Page<Tag> | undefined> {
    try {
      return await collectPage(this.#stored(repository, page.last), page)
    } catch (error) {
      if (StorageError.isNotFound(error)) return undefined
      throw error
    }
  }

  /** All tags, from memory where they are remembered; `undefined` where there are none, or more than are held at once. */
  async #remembered(repository: RepositoryName): Promise<readonly Tag[] | undefined> {
    if (this.#long.get(repository) === true) return undefined
    return this.#lists.read(repository, async () => {
      const page = await this.#listStored(repository, { limit: this.#maxListed })
      if (page?.hasMore === true) this.#long.set(repository, true)
      return page?.hasMore === false ? page.entries : undefined
    })
  }

  /** All tags in storage, read one after the other. */
  async *#storedIfAny(repository: RepositoryName): AsyncGenerator<Tag> {
    try {
      yield* this.#stored(repository)
    } catch (error) {
      if (!StorageError.isNotFound(error)) throw error
    }
  }

  /** @param after what comes before it need not be among them */
  async *#stored(repository: RepositoryName, after?: string): AsyncGenerator<Tag> {
    const options = after === undefined ? {} : { after }
    for await (const { name, isDirectory } of this.#storage.list(layout.tagsRoot(repository), options)) {
      // Whatever else lies there (a system's own files, say) is no tag.
      const tag = isDirectory ? unlessInvalid(parseTag, name) : undefined
      if (tag !== undefined) yield tag
    }
  }

  async #holds(repository: RepositoryName, tag: Tag, digest: Digest): Promise<boolean> {
    try {
      return (await this.find(repository, tag)) === digest
    } catch (error) {
      if (error instanceof DamagedLink) return false
      throw error
    }
  }
}

function keyOf(repository: RepositoryName, tag: Tag): string {
  return `${repository}:${tag}`
}
