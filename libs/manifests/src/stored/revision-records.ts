import type { CachedDescriptors, LinkedBlob } from '@berth/blobs'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import {
  type CheapWritesDriver,
  findLink,
  findStat,
  findWholeLink,
  layout,
  putLink,
  settleAll,
  type ContentStore,
  StorageError,
  type StoragePath,
} from '@berth/storage'
import { KeyedMutex } from './keyed-mutex.ts'
import type { ManifestContents } from './manifest-contents.ts'
import { Recollection } from './recollection.ts'
import { putReferrerRecord } from './referrer-record.ts'

const maxRemembered = 32 * 1024 * 1024

export interface RevisionRecordsOptions {
  readonly storage: ContentStore & Partial<CheapWritesDriver>
  readonly contents: Pick<ManifestContents, 'find'>
  readonly isExclusive: boolean
  /** What is remembered of revisions where others remove some, too. Of no effect where nobody else does. */
  readonly cache?: CachedDescriptors | undefined
}

/** What makes a manifest a referrer: its subject, and how it is listed there. */
export interface Referring {
  readonly subject: Digest
  /** From `formatReferrerRecord`. */
  readonly record: Uint8Array
}

/** Which manifests each repository has, as links in storage, and which of them refer to which. */
export class RevisionRecords {
  readonly #storage: ContentStore & Partial<CheapWritesDriver>
  readonly #contents: Pick<ManifestContents, 'find'>
  readonly #mutex = new KeyedMutex()
  readonly #targets: Recollection<Digest>
  readonly #cache: CachedDescriptors | undefined

  constructor({ storage, contents, isExclusive, cache }: RevisionRecordsOptions) {
    this.#storage = storage
    this.#contents = contents
    this.#cache = isExclusive ? undefined : cache
    this.#targets = new Recollection({
      maxWeight: isExclusive ? maxRemembered : 0,
      weigh: (key, target) => key.length + target.length + 200,
    })
  }

  /** As `find`, as far as it is known without looking. */
  recall(repository: RepositoryName, digest: Digest): Digest | undefined {
    return this.#targets.get(keyOf(repository, digest)) ?? this.#cache?.recall(repository, digest)?.target
  }

  /**
   * The digest under which the content of this revision is stored; the content is read, too, where that is remembered.
   *
   * @throws DamagedLink
   */
  async find(repository: RepositoryName, digest: Digest): Promise<Digest | undefined> {
    if (this.#cache === undefined) return this.#findTarget(repository, digest)
    const known = this.#cache.recall(repository, digest)
    const found = known ?? (await this.#cache.find(repository, digest, () => this.#describe(repository, digest)))
    return found?.target
  }

  /** Whether there is such a revision, for whoever does not need its content. @throws DamagedLink */
  async has(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const known = this.#cache?.recall(repository, digest)
    return known !== undefined || (await this.#findTarget(repository, digest)) !== undefined
  }

  /** Whether storage has a link of this revision, be it damaged. */
  async exists(repository: RepositoryName, digest: Digest): Promise<boolean> {
    return (await findStat(this.#storage, layout.revisionLinkPath(repository, digest))) !== undefined
  }

  /** Whether storage has a good link of this revision. */
  async isStored(repository: RepositoryName, digest: Digest): Promise<boolean> {
    return (await findLink(this.#storage, layout.revisionLinkPath(repository, digest))) !== undefined
  }

  /** Links a revision, whose content is stored, and links it to its subject. */
  async link(repository: RepositoryName, descriptor: Descriptor, referring?: Referring): Promise<void> {
    const { digest } = descriptor
    const key = keyOf(repository, digest)
    await this.#mutex.run(key, async () => {
      const since = this.#cache?.generation
      try {
        await settleAll([
          putLink(this.#storage, layout.revisionLinkPath(repository, digest), digest),
          ...(referring === undefined ? [] : [this.linkReferrer(repository, digest, referring)]),
        ])
      } catch (error) {
        this.#targets.forget(key)
        throw error
      }
      this.#targets.set(key, digest)
      if (since !== undefined) this.#cache?.keep(repository, digest, { descriptor, target: digest }, since)
    })
  }

  async linkReferrer(repository: RepositoryName, referrer: Digest, { subject, record }: Referring): Promise<void> {
    await putReferrerRecord(this.#storage, layout.referrerLinkPath(repository, subject, referrer), record)
  }

  /**
   * Runs what removes a revision, so that no process remembers it afterwards.
   *
   * @param remove says whether there was such a revision
   * @returns what `remove` said
   * @throws RegistryError UNAVAILABLE: others cannot be told, and nothing was removed; or they may have missed it
   */
  async removing(repository: RepositoryName, digest: Digest, remove: () => Promise<boolean>): Promise<boolean> {
    return this.#cache === undefined ? remove() : this.#cache.remove(repository, digest, remove)
  }

  /** To be called where the content of a revision that was found is gone. */
  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#cache?.forget(repository, digest)
  }

  /** To be called in `removing`. @returns whether there was such a revision */
  async unlink(repository: RepositoryName, digest: Digest, subject?: Digest): Promise<boolean> {
    const key = keyOf(repository, digest)
    return this.#mutex.run(key, async () => {
      try {
        if (!(await this.#remove(layout.revisionLinkPath(repository, digest)))) return false
      } finally {
        this.#targets.forget(key)
      }
      if (subject !== undefined) await this.#remove(layout.referrerRoot(repository, subject, digest))
      return true
    })
  }

  #findTarget(repository: RepositoryName, digest: Digest): Promise<Digest | undefined> {
    return this.#targets.read(keyOf(repository, digest), () =>
      findWholeLink(this.#storage, layout.revisionLinkPath(repository, digest)),
    )
  }

  /** A revision as its link and its content say, if both are there. */
  async #describe(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    const target = await this.#findTarget(repository, digest)
    const stored = target && (await this.#contents.find(target))
    if (target === undefined || stored === undefined) return undefined
    return { descriptor: { mediaType: stored.mediaType, digest, size: stored.content.byteLength }, target }
  }

  async #remove(path: StoragePath): Promise<boolean> {
    try {
      await this.#storage.delete(path)
      return true
    } catch (error) {
      if (StorageError.isNotFound(error)) return false
      throw error
    }
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`
}
