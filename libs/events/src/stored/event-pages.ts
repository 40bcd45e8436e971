import { createHash } from 'node:crypto'
import { collect } from '@berth/bytes'
import { layout, type ContentStore, StorageError } from '@berth/storage'
import type { EventListKey } from '../event-log.ts'

/** Maximum number of events in a page. */
const pageLength = 500

interface Page {
  readonly name: string
  /** Number of events that wait. */
  size: number
}

interface StoredPage extends EventListKey {
  readonly v: 1
  /** JSON texts of events. */
  readonly events: readonly string[]
}

/** The events of one list that do not wait in memory: files of some hundred events, in order. */
export class EventPages {
  readonly key: EventListKey
  readonly #storage: ContentStore
  readonly #directory: string
  readonly #pages: Page[] = []
  /** The events of the first page, once they are read. */
  #first: string[] | undefined

  constructor(storage: ContentStore, key: EventListKey) {
    this.#storage = storage
    this.key = key
    this.#directory = createHash('sha256').update(`${key.repository} ${key.endpoint}`).digest('hex')
  }

  /** The pages of all lists that have some, with the number of their events and the last page's name. */
  static async *readAll(
    storage: ContentStore,
  ): AsyncGenerator<{ readonly pages: EventPages; readonly size: number; readonly lastName: string }> {
    for (const directory of await namesBelow(storage, layout.eventPagesRoot)) {
      const names = await namesBelow(storage, layout.eventPagesDirectory(directory))
      let pages: EventPages | undefined
      let size = 0
      for (const name of names) {
        const { endpoint, repository, events } = await readPage(storage, directory, name)
        pages ??= new EventPages(storage, { endpoint, repository })
        pages.#pages.push({ name, size: events.length })
        size += events.length
      }
      const lastName = names.at(-1)
      if (pages !== undefined && lastName !== undefined) yield { pages, size, lastName }
    }
  }

  get isEmpty(): boolean {
    return this.#pages.length === 0
  }

  /** Appends events. @param name sorts after the names of all earlier pages */
  async add(name: string, events: readonly string[]): Promise<void> {
    for (let start = 0; start < events.length; start += pageLength) {
      const part = events.slice(start, start + pageLength)
      const page: StoredPage = { v: 1, ...this.key, events: part }
      // Names of one call sort by what follows the name.
      const pageName = `${name}.${String(start).padStart(9, '0')}`
      await this.#storage.put(layout.eventPagePath(this.#directory, pageName), Buffer.from(JSON.stringify(page)))
      this.#pages.push({ name: pageName, size: part.length })
    }
  }

  /** @returns events of the first page, as JSON */
  async oldest(limit: number): Promise<readonly string[]> {
    return (await this.#readFirst()).slice(0, limit)
  }

  /** Removes the oldest events, of the first page alone. @returns how many */
  async remove(count: number): Promise<number> {
    const first = await this.#readFirst()
    const removed = first.splice(0, count).length
    const [page] = this.#pages
    if (page === undefined) return 0
    page.size = first.length
    if (first.length > 0) return removed
    this.#pages.shift()
    this.#first = undefined
    await this.#storage.delete(layout.eventPagePath(this.#directory, page.name))
    return removed
  }

  async #readFirst(): Promise<string[]> {
    const [page] = this.#pages
    if (page === undefined) return []
    this.#first ??= [...(await readPage(this.#storage, this.#directory, page.name)).events]
    return this.#first
  }
}

async function readPage(storage: ContentStore, directory: string, name: string): Promise<StoredPage> {
  const { content } = await storage.read(layout.eventPagePath(directory, name))
  return JSON.parse(Buffer.from(await collect(content, Infinity)).toString()) as StoredPage
}

async function namesBelow(storage: ContentStore, path: Parameters<ContentStore['list']>[0]): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { name } of storage.list(path)) names.push(name)
  } catch (error) {
    if (!StorageError.isNotFound(error)) throw error
  }
  return names.toSorted()
}
