import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import {
  findLink,
  findStat,
  findWholeLink,
  layout,
  putLink,
  settleAll,
  type StorageDriver,
  StorageError,
  type StoragePath,
} from '@berth/storage'
import { KeyedMutex } from './keyed-mutex.ts'
import { Recollection } from './recollection.ts'

const maxRemembered = 32 * 1024 * 1024

/** Which manifests each repository has, as links in storage, and which of them refer to which. */
export class RevisionRecords {
  readonly #storage: StorageDriver
  readonly #mutex = new KeyedMutex()
  readonly #targets: Recollection<Digest>

  constructor({ storage, isExclusive }: { storage: StorageDriver; isExclusive: boolean }) {
    this.#storage = storage
    this.#targets = new Recollection({
      maxWeight: isExclusive ? maxRemembered : 0,
      weigh: (key, target) => key.length + target.length + 200,
    })
  }

  /** As `find`, as far as it is known without looking. */
  recall(repository: RepositoryName, digest: Digest): Digest | undefined {
    return this.#targets.get(keyOf(repository, digest))
  }

  /** The digest under which the content of this revision is stored. @throws DamagedLink */
  async find(repository: RepositoryName, digest: Digest): Promise<Digest | undefined> {
    return this.#targets.read(keyOf(repository, digest), () =>
      findWholeLink(this.#storage, layout.revisionLinkPath(repository, digest)),
    )
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
  async link(repository: RepositoryName, digest: Digest, subject?: Digest): Promise<void> {
    const key = keyOf(repository, digest)
    await this.#mutex.run(key, async () => {
      try {
        await settleAll([
          putLink(this.#storage, layout.revisionLinkPath(repository, digest), digest),
          ...(subject === undefined ? [] : [this.linkReferrer(repository, subject, digest)]),
        ])
      } catch (error) {
        this.#targets.forget(key)
        throw error
      }
      this.#targets.set(key, digest)
    })
  }

  async linkReferrer(repository: RepositoryName, subject: Digest, referrer: Digest): Promise<void> {
    await putLink(this.#storage, layout.referrerLinkPath(repository, subject, referrer), referrer)
  }

  /** @returns whether there was such a revision */
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
