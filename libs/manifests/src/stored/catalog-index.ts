import { LruCache } from '@berth/bytes'
import { type Logger, unlessInvalid } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import {
  type DirectoryKeepingDriver,
  findStat,
  layout,
  settleAll,
  type ContentStore,
  StorageError,
  type StoragePath,
} from '@berth/storage'
import type { Page, PageRequest } from '../listings.ts'
import { collectPage, pageOf, withEntry } from './pages.ts'
import { Recollection } from './recollection.ts'

const maxRemembered = 64 * 1024 * 1024
const maxKnown = 10_000
const allNames = 'all'
/** Maximum number of names that are held at once. A longer catalog is read again for each page. */
const defaultMaxListed = 200_000

/** The index of repositories: an entry for each, written before its first manifest is acknowledged. */
export class CatalogIndex {
  readonly #storage: ContentStore
  readonly #isExclusive: boolean
  readonly #log: Logger | undefined
  /** Those whose entry this process made or found. */
  readonly #known = new LruCache<RepositoryName, true>({ maxWeight: maxKnown })
  readonly #names: Recollection<readonly RepositoryName[]>
  readonly #maxListed: number
  #isLong = false

  /** @param options.maxListed see `defaultMaxListed` */
  constructor(options: { storage: ContentStore; isExclusive: boolean; log?: Logger; maxListed?: number }) {
    const { storage, isExclusive, log, maxListed = defaultMaxListed } = options
    this.#storage = storage
    this.#maxListed = maxListed
    this.#isExclusive = isExclusive
    this.#log = log
    this.#names = new Recollection({
      maxWeight: isExclusive ? maxRemembered : 0,
      weigh: (_key, names) => names.reduce((sum, name) => sum + name.length + 32, 0),
    })
  }

  /** Makes the entry of a repository that is about to get a manifest, where it has none. */
  async add(repository: RepositoryName): Promise<void> {
    if (this.#known.get(repository) === true) return
    try {
      await settleAll([this.#makeEntry(repository), this.#makeLayers(repository)])
    } catch (error) {
      this.#names.forget(allNames)
      throw error
    }
    this.#known.set(repository, true)
    this.#names.change(allNames, (names) => withEntry(names, repository))
  }

  async #makeEntry(repository: RepositoryName): Promise<void> {
    const isNew = await this.#storage.create(layout.catalogEntryPath(repository), Buffer.from(repository))
    if (!isNew || keepsDirectories(this.#storage)) return
    await this.#storage.put(layout.layersMarkerPath(repository), Buffer.from(repository))
  }

  /** Distribution knows a repository by this directory, and its collector removes the manifests of one without it. */
  async #makeLayers(repository: RepositoryName): Promise<void> {
    if (keepsDirectories(this.#storage)) await this.#storage.makeDirectory(layout.layersRoot(repository))
  }

  async has(repository: RepositoryName): Promise<boolean> {
    if (this.#known.get(repository) === true) return true
    return (await findStat(this.#storage, layout.catalogEntryPath(repository))) !== undefined
  }

  async list(page: PageRequest): Promise<Page<RepositoryName>> {
    const names = this.#isExclusive && !this.#isLong ? await this.#remembered() : undefined
    return names === undefined ? collectPage(this.#stored(), page) : pageOf(names, page)
  }

  /** All names, from memory where they are remembered; `undefined` where there are more than are held at once. */
  async #remembered(): Promise<readonly RepositoryName[] | undefined> {
    return this.#names.read(allNames, async () => {
      const { entries, hasMore } = await collectPage(this.#stored(), { limit: this.#maxListed })
      this.#isLong = hasMore
      return hasMore ? undefined : entries
    })
  }

  async isComplete(): Promise<boolean> {
    return (await findStat(this.#storage, layout.catalogCompletePath)) !== undefined
  }

  /** Says that no repository of the tree is missing. */
  async markComplete(): Promise<void> {
    await this.#storage.put(layout.catalogCompletePath, Buffer.from('1'))
  }

  /** Every entry there is. */
  async *#stored(components: readonly string[] = []): AsyncGenerator<RepositoryName> {
    const root = layout.below(layout.catalogEntriesRoot, ...components)
    try {
      for await (const { name, isDirectory } of this.#storage.list(root)) {
        if (isDirectory) yield* this.#stored([...components, name])
        else yield* this.#parse(root, [...components, name])
      }
    } catch (error) {
      if (!StorageError.isNotFound(error)) throw error
    }
  }

  *#parse(directory: StoragePath, components: readonly string[]): Generator<RepositoryName> {
    const repository = unlessInvalid(layout.parseCatalogEntry, components)
    if (repository !== undefined) yield repository
    else this.#log?.warn({ directory, name: components.at(-1) }, 'ignored an invalid catalog entry')
  }
}

function keepsDirectories(storage: ContentStore): storage is ContentStore & DirectoryKeepingDriver {
  return 'makeDirectory' in storage && typeof storage.makeDirectory === 'function'
}
