import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import type { Part } from '../contract/part-store.ts'
import type { Version } from '../contract/record-store.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import { StorageError } from '../storage-error.ts'
import { at, contentAt, entriesOf, failingStream, type OpenDriver, textOfParts } from './subject.ts'

/** Names of content are never those of directories: a file system has one or the other at a path. */
const directories = ['/d', '/d/e', '/de']
const files = directories.flatMap((directory) => [`${directory}/f`, `${directory}/fg`])
const area = '/u'
const record = at('/u/checkpoint')

const path = fc.constantFrom(...files)
const directory = fc.constantFrom(...directories)
const content = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

const anyStep = fc.oneof(
  fc.record({ do: fc.constant('put' as const), path, content, streamed: fc.boolean(), durable: fc.boolean() }),
  fc.record({ do: fc.constant('put and fail' as const), path, content }),
  fc.record({ do: fc.constant('create' as const), path, content }),
  fc.record({ do: fc.constant('delete' as const), path }),
  fc.record({ do: fc.constant('delete all' as const), path: directory }),
  fc.record({ do: fc.constant('list' as const), path: directory }),
  fc.record({ do: fc.constant('read' as const), path, start: fc.nat(45), end: fc.nat(45) }),
  fc.record({ do: fc.constant('swap' as const), from: fc.constantFrom('nothing', 'now', 'before'), content }),
  fc.record({ do: fc.constant('append' as const), content }),
  fc.record({ do: fc.constant('complete' as const), path }),
  fc.record({ do: fc.constant('abort' as const) }),
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** What a step did, as far as a caller can tell: what it returned, or the code of the error that it threw. */
type Outcome = string | boolean | readonly string[]

export function describeModel(open: OpenDriver): void {
  describe('any sequence of calls', () => {
    it('does what a map of paths would do', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
          const { driver, close } = await open()
          try {
            const model = new Model()
            const subject = new Subject(driver)
            const outcomes: [Step, Outcome][] = []
            const expected: [Step, Outcome][] = []
            for (const step of [...steps, ...directories.map(list)]) {
              expected.push([step, model.take(step)])
              outcomes.push([step, await subject.take(step)])
            }
            expect(outcomes).toEqual(expected)
          } finally {
            await close()
          }
        }),
        { numRuns: 40 },
      )
    })
  })
}

const list = (each: string): Step => ({ do: 'list', path: each })

class Model {
  readonly #contents = new Map<string, string>()
  #record: string | undefined
  #parts = ''

  take(step: Step): Outcome {
    switch (step.do) {
      case 'put':
        this.#contents.set(step.path, step.content)
        return 'done'
      case 'put and fail':
        return 'cut off'
      case 'create':
        if (this.#contents.has(step.path)) return false
        this.#contents.set(step.path, step.content)
        return true
      case 'delete':
        return this.#contents.delete(step.path) ? 'done' : 'PATH_NOT_FOUND'
      case 'delete all':
        for (const each of this.#below(step.path)) this.#contents.delete(each)
        return 'done'
      case 'list':
        return [
          ...new Set(this.#below(step.path).map((each) => each.slice(step.path.length + 1).split('/')[0] ?? '')),
        ].toSorted()
      case 'read': {
        const stored = this.#contents.get(step.path)
        if (stored === undefined) return 'PATH_NOT_FOUND'
        return step.start > step.end || step.end > stored.length ? 'INVALID_RANGE' : stored.slice(step.start, step.end)
      }
      case 'swap':
        if (step.from === 'before' || (step.from === 'now') !== (this.#record !== undefined)) return 'VERSION_MISMATCH'
        this.#record = step.content
        return this.#record
      case 'append':
        if (this.#record === undefined) return 'PATH_NOT_FOUND'
        this.#parts += step.content
        return this.#parts
      case 'complete':
        this.#contents.set(step.path, this.#parts)
        this.#parts = ''
        return 'done'
      case 'abort':
        this.#record = undefined
        this.#parts = ''
        return 'PATH_NOT_FOUND'
    }
  }

  #below(parent: string): readonly string[] {
    return [...this.#contents.keys()].filter((each) => each.startsWith(`${parent}/`))
  }
}

class Subject {
  readonly #driver: StorageDriver
  #now: Version | undefined
  #before: Version = 'never'
  #parts: readonly Part[] = []

  constructor(driver: StorageDriver) {
    this.#driver = driver
  }

  async take(step: Step): Promise<Outcome> {
    try {
      return await this.#take(step)
    } catch (error) {
      return error instanceof StorageError ? error.code : String((error as Error).message)
    }
  }

  async #take(step: Step): Promise<Outcome> {
    const driver = this.#driver
    switch (step.do) {
      case 'put': {
        const bytes = bytesOf(step.content)
        await driver.put(at(step.path), step.streamed ? streamOf(bytes) : bytes, { durable: step.durable })
        return 'done'
      }
      case 'put and fail':
        await driver.put(at(step.path), failingStream(new Error('cut off'), bytesOf(step.content)))
        return 'done'
      case 'create':
        return driver.create(at(step.path), bytesOf(step.content))
      case 'delete':
        await driver.delete(at(step.path))
        return 'done'
      case 'delete all':
        // An empty directory is there in a file system, and not in an object store.
        await driver.delete(at(step.path)).catch(unlessNotFound)
        return 'done'
      case 'list':
        return this.#namesWithContent(step.path)
      case 'read':
        return (await contentAt(driver, step.path, step)).toString('latin1')
      case 'swap': {
        const from = { nothing: undefined, now: this.#now ?? 'never', before: this.#before }[step.from]
        const version = await driver.swap(record, from, bytesOf(step.content))
        this.#before = this.#now ?? this.#before
        this.#now = version
        return Buffer.from((await driver.readVersioned(record)).content).toString('latin1')
      }
      case 'append':
        // Where no record is, not every store looks.
        await driver.readVersioned(record)
        this.#parts = await driver.append(at(area), this.#parts, streamOf(bytesOf(step.content)))
        return textOfParts(driver, area, this.#parts, 'latin1')
      case 'complete':
        await driver.complete(at(area), this.#parts, at(step.path))
        this.#parts = []
        return 'done'
      case 'abort':
        await (
          await driver.abort(at(area))
        ).removed
        this.#before = this.#now ?? this.#before
        this.#now = undefined
        this.#parts = []
        await driver.readVersioned(record)
        return 'done'
    }
  }

  async #namesWithContent(parent: string): Promise<readonly string[]> {
    const names: string[] = []
    for (const { name, isDirectory } of await entriesOf(this.#driver, parent).catch(unlessNotFound)) {
      const isThere = !isDirectory || (await this.#namesWithContent(`${parent}/${name}`)).length > 0
      if (isThere) names.push(name)
    }
    return names
  }
}

function bytesOf(content: string): Buffer {
  return Buffer.from(content, 'latin1')
}

function unlessNotFound(error: unknown): [] {
  if (StorageError.isNotFound(error)) return []
  throw error
}
