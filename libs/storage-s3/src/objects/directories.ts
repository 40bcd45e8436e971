import type { Entry, StoragePath } from '@berth/storage'
import type { Keys } from './keys.ts'
import { listEntries, listObjects } from './list-objects.ts'
import type { Objects } from './objects.ts'
import type { Store } from '../requests/store.ts'
import { storageError, translateFault } from '../requests/store-fault.ts'

export interface DirectoriesOptions {
  readonly store: Store
  readonly objects: Objects
  readonly keys: Keys
}

/** Directories in a bucket: what keys have in common, and nothing else. */
export class Directories {
  readonly #store: Store
  readonly #objects: Objects
  readonly #keys: Keys
  readonly #removals = new Set<Promise<void>>()

  constructor({ store, objects, keys }: DirectoriesOptions) {
    this.#store = store
    this.#objects = objects
    this.#keys = keys
  }

  /** One object below the directory; `undefined` where there is none, and so no directory. */
  async firstBelow(path: StoragePath): Promise<{ readonly modifiedAtMs: number } | undefined> {
    const page = await listObjects(this.#store, { prefix: this.#keys.below(path), limit: 1 }).next()
    return page.done === true ? undefined : page.value.objects[0]
  }

  /** @throws StorageError */
  async *list(path: StoragePath, after: string | undefined): AsyncGenerator<Entry> {
    const prefix = this.#keys.below(path)
    let isKnown = path === '/'
    try {
      for await (const entry of listEntries(this.#store, prefix, after)) {
        isKnown = true
        yield entry
      }
      isKnown ||= after !== undefined && (await this.firstBelow(path)) !== undefined
    } catch (error) {
      throw translateFault(error, path)
    }
    if (!isKnown) throw storageError('PATH_NOT_FOUND', path)
  }

  /** @returns how many objects were there */
  removeBelow(path: StoragePath): Promise<number> {
    return this.removeOld(path, Infinity)
  }

  /** Removes what was written before a time, by the store's clock. @returns how many objects those were */
  async removeOld(path: StoragePath, beforeMs: number): Promise<number> {
    let count = 0
    for await (const { objects } of listObjects(this.#store, { prefix: this.#keys.below(path) })) {
      const old = objects.filter(({ modifiedAtMs }) => modifiedAtMs < beforeMs)
      await this.#objects.remove(old.map((seen) => ({ key: seen.key, seen })))
      count += old.length
    }
    return count
  }

  /**
   * Removes an upload's directory, its record before anything is returned: the first page has it.
   *
   * @returns `removed` settles when the rest is gone, too
   */
  async removeArea(area: StoragePath): Promise<{ readonly removed: Promise<void> }> {
    const pages = listObjects(this.#store, { prefix: this.#keys.below(area) })
    const first = await pages.next()
    if (first.done === true) return { removed: Promise.resolve() }
    await this.#objects.remove(first.value.objects.map(({ key }) => ({ key })))
    const removed = (async () => {
      for await (const { objects } of pages) await this.#objects.remove(objects.map(({ key }) => ({ key })))
    })()
    const settled: Promise<void> = removed.catch(() => {}).finally(() => this.#removals.delete(settled))
    this.#removals.add(settled)
    return { removed }
  }

  /** Waits until nothing is being removed. */
  async settle(): Promise<void> {
    await Promise.all(this.#removals)
  }
}
