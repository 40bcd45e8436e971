import { TieredDescriptors } from '@berth/blobs/stored'
import { MemorySharedDescriptors, MemorySharedState } from '@berth/blobs/suite'
import fc from 'fast-check'
import { type Digest, digestOf } from '@berth/digest'
import { mediaTypes } from '@berth/manifest'
import { parseRepositoryName, type RepositoryName, type Tag } from '@berth/reference'
import {
  type Entry,
  findLink,
  findStat,
  layout,
  type StorageDriver,
  StorageError,
  type StoragePath,
} from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it } from 'vitest'
import type { ManifestUpload } from '../manifests.ts'
import { codesOf, indexDocument, tagsNamed, upload } from '../suite/build-manifests.ts'
import { strictPolicy } from '../suite/index.ts'
import { openManifests, type StoredManifestServices } from './index.ts'

const timeoutMs = 60_000
const repository = parseRepositoryName('a/b')
const tags = tagsNamed('one', 'two')
const subject = digestOf('the subject')
const uploads = ['x', 'y'].map((name) =>
  upload(
    indexDocument([], {
      annotations: { name },
      subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 1 },
    }),
  ),
)
const digests = uploads.map(({ content }) => digestOf(content))

/** Every call of the driver takes two turns of the scheduler: one before it happens, one before its caller knows. */
function scheduled(storage: StorageDriver, turn: (label: string) => Promise<unknown>): StorageDriver {
  const methods = new Set<PropertyKey>(['put', 'create', 'delete', 'read', 'stat'])
  return new Proxy(storage, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      if (property === 'list') return (path: StoragePath) => listScheduled(target, path, turn)
      const method = value.bind(target) as (...parameters: unknown[]) => Promise<unknown>
      if (!methods.has(property)) return method
      return async (...parameters: unknown[]) => {
        const label = `${String(property)} ${String(parameters[0])}`
        await turn(label)
        try {
          return await method(...parameters)
        } finally {
          await turn(`${label}: answered`)
        }
      }
    },
  })
}

/** Every call of the cache takes two turns, too; what replicas are told, they are told at once. */
function scheduledCache(shared: MemorySharedDescriptors, turn: (label: string) => Promise<unknown>) {
  for (const name of ['find', 'fill', 'hold', 'release'] as const) {
    const method = shared[name].bind(shared) as (...parameters: unknown[]) => Promise<unknown>
    const slow = async (...parameters: unknown[]): Promise<unknown> => {
      await turn(name)
      const answer = await method(...parameters)
      await turn(`${name}: answered`)
      return answer
    }
    Object.assign(shared, { [name]: slow })
  }
  return shared
}

async function* listScheduled(storage: StorageDriver, path: StoragePath, turn: (label: string) => Promise<unknown>) {
  await turn(`list ${path}`)
  const entries: Entry[] = []
  for await (const entry of storage.list(path)) entries.push(entry)
  await turn(`list ${path}: answered`)
  yield* entries
}

/** @param cache of effect where others may write, too */
function services(storage: StorageDriver, isExclusive: boolean, cache?: TieredDescriptors): StoredManifestServices {
  // An index without children needs no blobs.
  const unused = () => Promise.reject(new Error('not to be called here'))
  const blobs = { statAll: async () => [], read: unused, put: unused }
  return openManifests({ storage, blobs, policy: strictPolicy, isExclusive, cache })
}

type Operation =
  | { readonly kind: 'put'; readonly digest: number; readonly tags: readonly number[] }
  | { readonly kind: 'delete'; readonly digest: number }
  | { readonly kind: 'untag'; readonly tag: number }
  | { readonly kind: 'get'; readonly tag: number }
  | { readonly kind: 'list' }

const which = fc.integer({ min: 0, max: 1 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put'), digest: which, tags: fc.uniqueArray(which) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), digest: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('untag'), tag: which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get'), tag: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list') }) },
)
const before = fc.array(operation, { maxLength: 4 })
const clients = fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 })

const tagAt = (index: number): Tag => tags[index] as Tag
const digestAt = (index: number): Digest => digests[index] as Digest

async function perform({ manifests, tags: tagService }: StoredManifestServices, each: Operation): Promise<unknown> {
  switch (each.kind) {
    case 'put':
      return codesOf(
        manifests.put(repository, { ...(uploads[each.digest] as ManifestUpload), tags: each.tags.map(tagAt) }),
      )
    case 'delete':
      return codesOf(manifests.delete(repository, digestAt(each.digest)))
    case 'untag':
      return codesOf(tagService.delete(repository, tagAt(each.tag)))
    case 'get':
      return outcomeOf(manifests.get(repository, tagAt(each.tag)).then(({ digest }) => digest))
    case 'list':
      return outcomeOf(tagService.list(repository, {}).then(({ entries }) => entries))
  }
}

/** What a call gives, or the codes that it is refused with. */
async function outcomeOf<T>(call: Promise<T>): Promise<T | readonly string[]> {
  const codes = await codesOf(call)
  return codes.length > 0 ? codes : call
}

/** All that can be asked of a repository. */
async function stateOf(all: StoredManifestServices, name: RepositoryName): Promise<unknown> {
  const ask = [...tags, ...digests].map((each) => outcomeOf(all.manifests.get(name, each).then(({ digest }) => digest)))
  return {
    list: await outcomeOf(all.tags.list(name, {})),
    held: await Promise.all(ask),
    catalog: await all.catalog.list({}),
  }
}

interface Done {
  readonly operation: Operation
  readonly isAcknowledged: boolean
  readonly started: number
  readonly ended: number
}

/** Runs what each client does, one after the other, beside what the others do. */
async function run(
  schedules: readonly (readonly Operation[])[],
  on: (client: number) => StoredManifestServices,
): Promise<readonly Done[]> {
  let clock = 0
  const done: Done[] = []
  await Promise.all(
    schedules.map(async (operations, client) => {
      for (const each of operations) {
        const started = (clock += 1)
        const outcome = await perform(on(client), each)
        done.push({
          operation: each,
          isAcknowledged: Array.isArray(outcome) && outcome.length === 0,
          started,
          ended: (clock += 1),
        })
      }
    }),
  )
  return done
}

async function danglingTags(storage: StorageDriver): Promise<readonly string[]> {
  const dangling: string[] = []
  for (const tag of tags) {
    const held = await findLink(storage, layout.tagCurrentLinkPath(repository, tag))
    if (held !== undefined && (await findLink(storage, layout.revisionLinkPath(repository, held))) === undefined)
      dangling.push(`${tag} holds ${held}`)
  }
  return dangling
}

/** Revisions that are there, but not among the referrers of their subject. */
async function unlistedReferrers(storage: StorageDriver): Promise<readonly Digest[]> {
  const unlisted: Digest[] = []
  for (const digest of digests) {
    const isThere = (await findLink(storage, layout.revisionLinkPath(repository, digest))) !== undefined
    const isListed = (await findStat(storage, layout.referrerLinkPath(repository, subject, digest))) !== undefined
    if (isThere && !isListed) unlisted.push(digest)
  }
  return unlisted
}

/** What an earlier process left. */
async function storageAfter(operations: readonly Operation[]): Promise<MemoryDriver> {
  const storage = new MemoryDriver()
  for (const each of operations) await perform(services(storage, false), each)
  return storage
}

function turnsOf(scheduler: fc.Scheduler): (label: string) => Promise<unknown> {
  return (label) => scheduler.schedule(Promise.resolve(), label)
}

/** Pushes that were acknowledged, and that nothing at their time or later could have undone. */
function standing(done: readonly Done[]): readonly { readonly tag: Tag; readonly digest: Digest }[] {
  return done.flatMap(({ operation: each, isAcknowledged, started }) => {
    if (each.kind !== 'put' || !isAcknowledged) return []
    const rivals = done
      .filter(({ operation: other, ended }) => other !== each && ended > started)
      .map(({ operation: other }) => other)
    return each.tags
      .filter((tag) => !rivals.some((other) => undoes(other, each.digest, tag)))
      .map((tag) => ({ tag: tagAt(tag), digest: digestAt(each.digest) }))
  })
}

function undoes(other: Operation, digest: number, tag: number): boolean {
  if (other.kind === 'put') return other.tags.includes(tag)
  if (other.kind === 'delete') return other.digest === digest
  return other.kind === 'untag' && other.tag === tag
}

describe('pushes and deletions in any order', () => {
  it(
    'leave no dangling tag, undo no push but their own, and leave memory as storage is',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          before,
          clients,
          fc.boolean(),
          async (scheduler, earlier, schedules, isExclusive) => {
            const storage = await storageAfter(earlier)
            const all = services(scheduled(storage, turnsOf(scheduler)), isExclusive, new TieredDescriptors())
            const done = await scheduler.waitFor(run(schedules, () => all))

            expect(await danglingTags(storage)).toEqual([])
            expect(await unlistedReferrers(storage)).toEqual([])
            const fresh = services(storage, false)
            for (const { tag, digest } of standing(done))
              expect((await fresh.manifests.get(repository, tag)).digest).toBe(digest)
            const [seen, stored] = await Promise.all([
              scheduler.waitFor(stateOf(all, repository)),
              stateOf(fresh, repository),
            ])
            expect(seen).toEqual(stored)
          },
        ),
        { numRuns: 400 },
      )
    },
    timeoutMs,
  )

  it(
    'of one manifest leave it with all its tags, or without any',
    async () => {
      const push: Operation = { kind: 'put', digest: 0, tags: [0, 1] }
      const deletion: Operation = { kind: 'delete', digest: 0 }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, isExclusive) => {
          const storage = await storageAfter([{ ...push, tags: [0] }])
          const all = services(scheduled(storage, turnsOf(scheduler)), isExclusive)
          await scheduler.waitFor(run([[push], [deletion]], () => all))
          const found = [...tags, digestAt(0)].map(
            async (each) => (await codesOf(services(storage, false).manifests.get(repository, each))).length,
          )
          expect(new Set(await Promise.all(found)).size).toBe(1)
        }),
        { numRuns: 300 },
      )
    },
    timeoutMs,
  )

  it(
    'leave no dangling tag where several processes are at it',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), clients, async (scheduler, schedules) => {
          const storage = new MemoryDriver()
          const processes = schedules.map(() => services(scheduled(storage, turnsOf(scheduler)), false))
          await scheduler.waitFor(run(schedules, (client) => processes[client] as StoredManifestServices))
          expect(await danglingTags(storage)).toEqual([])
        }),
        { numRuns: 300 },
      )
    },
    timeoutMs,
  )
})

describe('several processes that remember revisions together', () => {
  it(
    'all remember what storage has, after pushes and deletions in any order',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), before, clients, async (scheduler, earlier, schedules) => {
          const storage = await storageAfter(earlier)
          const turn = turnsOf(scheduler)
          const state = new MemorySharedState(() => 0)
          const processes = schedules.map(() => {
            const shared = scheduledCache(new MemorySharedDescriptors(state), turn)
            return services(scheduled(storage, turn), false, new TieredDescriptors({ shared }))
          })
          await scheduler.waitFor(run(schedules, (client) => processes[client] as StoredManifestServices))
          expect(await danglingTags(storage)).toEqual([])
          const stored = await stateOf(services(storage, false), repository)
          for (const each of processes) expect(await scheduler.waitFor(stateOf(each, repository))).toEqual(stored)
        }),
        { numRuns: 300 },
      )
    },
    timeoutMs,
  )
})

describe('a storage that fails in the middle of what is done', () => {
  it(
    'leaves no dangling tag and no memory of what is not there, and the client is told',
    async () => {
      await fc.assert(
        fc.asyncProperty(before, operation, fc.nat(40), fc.boolean(), async (earlier, last, calls, isExclusive) => {
          const storage = await storageAfter(earlier)
          let left = Infinity
          let hasFailed = false
          const all = services(
            scheduled(storage, async (label) => {
              left -= 1
              if (left === 0) hasFailed = true
              if (left === 0) throw new StorageError('STORAGE_UNAVAILABLE', label, storage.name)
            }),
            isExclusive,
            new TieredDescriptors(),
          )
          await stateOf(all, repository)
          left = calls
          const outcome = await perform(all, last)
          expect(hasFailed && Array.isArray(outcome) && !outcome.includes('UNAVAILABLE')).toBe(false)
          left = Infinity
          expect(await danglingTags(storage)).toEqual([])
          expect(await stateOf(all, repository)).toEqual(await stateOf(services(storage, false), repository))
        }),
        { numRuns: 300 },
      )
    },
    timeoutMs,
  )
})

describe('what is remembered', () => {
  it(
    'is what storage has, after any sequence of pushes and deletions',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
          const alone = services(new MemoryDriver(), true)
          const amongOthers = services(new MemoryDriver(), false, new TieredDescriptors())
          for (const each of operations) {
            expect(await perform(alone, each)).toEqual(await perform(amongOthers, each))
            expect(await stateOf(alone, repository)).toEqual(await stateOf(amongOthers, repository))
          }
        }),
        { numRuns: 100 },
      )
    },
    timeoutMs,
  )
})
