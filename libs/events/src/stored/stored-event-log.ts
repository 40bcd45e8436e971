import { collect } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import { layout, type ContentStore, StorageError, type StoragePath, Turns } from '@berth/storage'
import type { RegistryEvent } from '../event.ts'
import type { EventListKey, EventLists, EventLog, Recording } from '../event-log.ts'
import { EventPages } from './event-pages.ts'
import { formatRecord, maxRecordBytes, parseRecord } from './record.ts'

export interface StoredEventLogOptions {
  readonly storage: ContentStore
  /** Maximum size of the events that are held in memory, in bytes of JSON. Default: 16 MiB. */
  readonly maxHeldBytes?: number
  readonly nowMs?: () => number
}

/** An event that waits in memory. */
interface Held {
  /** JSON. */
  readonly text: string
  readonly record: JournalRecord
}

/** A file of the journal. It is removed when no event of it waits any more. */
interface JournalRecord {
  readonly path: StoragePath
  waiting: number
}

interface List {
  readonly key: EventListKey
  readonly held: Held[]
  /** Events that left memory because there were too many. They are older than all that are held. */
  readonly pages: EventPages
  /** Number of events, both in memory and in pages. */
  size: number
  /** One change at a time: events move from memory to pages as a whole. */
  readonly turns: Turns
}

interface Append {
  readonly recordings: readonly Recording[]
  readonly settle: (error?: unknown) => void
}

/**
 * Keeps events in the tree of one process that owns it. A record is one file of the journal. While it is written, the
 * events of further requests gather, and the next record has all of them: so requests at once share a file.
 *
 * Events wait in memory, and the journal is there for the next process. If the events in memory become too many, those
 * of the longest list are written to pages of that list: so an endpoint that is down costs no memory.
 */
export class StoredEventLog implements EventLog, EventLists {
  readonly #storage: ContentStore
  readonly #maxHeldBytes: number
  readonly #nowMs: () => number
  readonly #lists = new Map<string, List>()
  /** Number of waiting events by endpoint. */
  readonly #waiting = new Map<string, number>()
  #heldBytes = 0
  #lastNumber = 0
  #gathering: Append[] = []
  #isWriting = false
  #isClosed = false
  #written: Promise<void> = Promise.resolve()
  #onAppended: (list: EventListKey, events: number) => void = () => {}

  private constructor({ storage, maxHeldBytes = 16 * 1024 * 1024, nowMs = Date.now }: StoredEventLogOptions) {
    this.#storage = storage
    this.#maxHeldBytes = maxHeldBytes
    this.#nowMs = nowMs
  }

  /** Opens the log with the events that an earlier process left. */
  static async open(options: StoredEventLogOptions): Promise<StoredEventLog> {
    const log = new StoredEventLog(options)
    await log.#readPages()
    await log.#readJournal()
    return log
  }

  async append(recordings: readonly Recording[]): Promise<void> {
    if (this.#isClosed) throw new RegistryError('UNAVAILABLE', { reason: 'the process is ending' })
    if (recordings.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error as Error))
    this.#gathering.push({ recordings, settle })
    if (!this.#isWriting) this.#written = this.#writeGathered()
    return promise
  }

  async lists(): Promise<readonly EventListKey[]> {
    return [...this.#lists.values()].map(({ key }) => key)
  }

  async oldest(key: EventListKey, limit: number): Promise<readonly RegistryEvent[]> {
    const list = this.#lists.get(nameOf(key))
    if (list === undefined) return []
    const texts = await list.turns.run(async () =>
      list.pages.isEmpty ? list.held.slice(0, limit).map(({ text }) => text) : list.pages.oldest(limit),
    )
    return texts.map((text) => JSON.parse(text) as RegistryEvent)
  }

  async remove(key: EventListKey, count: number): Promise<void> {
    const list = this.#lists.get(nameOf(key))
    if (list === undefined) return
    await list.turns.run(async () => {
      if (list.pages.isEmpty) await this.#release(list, list.held.splice(0, count))
      else this.#resize(list, -(await list.pages.remove(count)))
    })
    if (list.size === 0) this.#lists.delete(nameOf(key))
  }

  async bury(key: EventListKey, count: number, reason: string): Promise<void> {
    const events = await this.oldest(key, count)
    if (events.length === 0) return
    const content = JSON.stringify({ v: 1, ...key, reason, buriedAt: new Date(this.#nowMs()).toISOString(), events })
    await this.#storage.put(layout.deadEventsPath(this.#nextName()), Buffer.from(content))
    await this.remove(key, events.length)
  }

  onAppended(listener: (list: EventListKey, events: number) => void): void {
    this.#onAppended = listener
  }

  waiting(): ReadonlyMap<string, number> {
    return this.#waiting
  }

  /** Waits until all that was appended is written. Nothing can be appended any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#written
  }

  async #writeGathered(): Promise<void> {
    this.#isWriting = true
    // All that is asked for in this turn of the event loop shares the first record.
    await Promise.resolve()
    while (this.#gathering.length > 0) {
      const batch = this.#takeBatch()
      try {
        await this.#write(batch.flatMap(({ recordings }) => recordings))
        for (const { settle } of batch) settle()
      } catch (error) {
        for (const { settle } of batch) settle(error)
      }
    }
    this.#isWriting = false
  }

  /** @returns the oldest requests whose events a record has room for, at least one */
  #takeBatch(): readonly Append[] {
    let bytes = 0
    const isWithin = ({ recordings }: Append, index: number): boolean => {
      bytes += formatRecord(recordings).byteLength
      return index === 0 || bytes <= maxRecordBytes
    }
    const end = this.#gathering.findIndex((append, index) => !isWithin(append, index))
    return this.#gathering.splice(0, end < 0 ? this.#gathering.length : end)
  }

  async #write(recordings: readonly Recording[]): Promise<void> {
    const path = layout.eventJournalPath(this.#nextName())
    await this.#storage.put(path, formatRecord(recordings))
    await this.#hold(path, recordings)
  }

  async #hold(path: StoragePath, recordings: readonly Recording[]): Promise<void> {
    const record: JournalRecord = { path, waiting: 0 }
    const appended = new Map<List, number>()
    for (const { endpoints, event } of recordings) {
      const text = JSON.stringify(event)
      for (const endpoint of endpoints) {
        const list = this.#listOf({ endpoint, repository: event.target.repository })
        list.held.push({ text, record })
        this.#resize(list, 1)
        record.waiting += 1
        this.#heldBytes += text.length
        appended.set(list, (appended.get(list) ?? 0) + 1)
      }
    }
    while (this.#heldBytes > this.#maxHeldBytes) await this.#movePages()
    for (const [{ key }, count] of appended) this.#onAppended(key, count)
  }

  /** Moves what is held of the longest list to its pages. */
  async #movePages(): Promise<void> {
    const list = [...this.#lists.values()].reduce((one, other) => (other.held.length > one.held.length ? other : one))
    await list.turns.run(async () => {
      const texts = list.held.map(({ text }) => text)
      await list.pages.add(this.#nextName(), texts)
      const moved = list.held.splice(0, texts.length)
      this.#resize(list, moved.length)
      await this.#release(list, moved)
    })
  }

  /** These events wait no longer in memory. */
  async #release(list: List, held: readonly Held[]): Promise<void> {
    this.#resize(list, -held.length)
    for (const { text, record } of held) {
      this.#heldBytes -= text.length
      record.waiting -= 1
      if (record.waiting === 0) await this.#removeFile(record.path)
    }
  }

  #resize(list: List, change: number): void {
    list.size += change
    const { endpoint } = list.key
    const waiting = (this.#waiting.get(endpoint) ?? 0) + change
    if (waiting === 0) this.#waiting.delete(endpoint)
    else this.#waiting.set(endpoint, waiting)
  }

  async #removeFile(path: StoragePath): Promise<void> {
    try {
      await this.#storage.delete(path)
    } catch (error) {
      if (!StorageError.isNotFound(error)) throw error
    }
  }

  #listOf(key: EventListKey): List {
    const name = nameOf(key)
    const known = this.#lists.get(name)
    if (known !== undefined) return known
    const list = { key, held: [], pages: new EventPages(this.#storage, key), size: 0, turns: new Turns(1) }
    this.#lists.set(name, list)
    return list
  }

  /** A name that sorts after all names before it. */
  #nextName(): string {
    this.#lastNumber = Math.max(this.#nowMs() * 1000, this.#lastNumber + 1)
    return formatNumber(this.#lastNumber)
  }

  async #readPages(): Promise<void> {
    for await (const { pages, size, lastName } of EventPages.readAll(this.#storage)) {
      const { key } = pages
      const list = { key, held: [], pages, size: 0, turns: new Turns(1) }
      this.#lists.set(nameOf(key), list)
      this.#resize(list, size)
      this.#lastNumber = Math.max(this.#lastNumber, parseNumber(lastName))
    }
  }

  async #readJournal(): Promise<void> {
    try {
      for await (const { name } of this.#storage.list(layout.eventJournalRoot)) {
        const path = layout.eventJournalPath(name)
        const { content } = await this.#storage.read(path)
        this.#lastNumber = Math.max(this.#lastNumber, parseNumber(name))
        await this.#hold(path, parseRecord(await collect(content, Infinity)))
      }
    } catch (error) {
      if (!StorageError.isNotFound(error)) throw error
    }
  }
}

function nameOf({ endpoint, repository }: EventListKey): string {
  return `${repository} ${endpoint}`
}

/** Ten digits are enough for the microseconds of some centuries. */
const digits = 11

function formatNumber(number: number): string {
  return number.toString(36).padStart(digits, '0')
}

function parseNumber(name: string): number {
  return Number.parseInt(name, 36)
}
