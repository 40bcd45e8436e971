import { digestOf } from '@berth/digest'
import { registryErrors } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemorySharedDescriptors, MemorySharedState } from '../suite/memory-shared-descriptors.ts'
import { StoredBlobs } from './stored-blobs.ts'

const repository = parseRepositoryName('here')
const content = Buffer.from('some content')
const digest = digestOf(content)
const replicas = 3

type Step = () => Promise<void>
/** What becomes of a call to the cache: it fails before it is done, or after, or is done long after it failed. */
type Fate = 'well' | 'lost' | 'answer lost' | 'late'

const step = fc.record({
  replica: fc.nat(replicas - 1),
  does: fc.oneof(
    { weight: 8, arbitrary: fc.constant('stat') },
    { weight: 3, arbitrary: fc.constant('unlink') },
    { weight: 2, arbitrary: fc.constant('put') },
    { weight: 2, arbitrary: fc.constantFrom('cut', 'mend', 'lose') },
  ),
  /** How many of those that began before it may still be under way when it begins. */
  beside: fc.nat(3),
})
const fate = fc.constantFrom<Fate>(...Array<Fate>(12).fill('well'), 'lost', 'answer lost', 'late')

/** Every call takes its time, to get there and back; what replicas are told is told at once. */
class SlowDescriptors extends MemorySharedDescriptors {
  readonly #pass: Step
  readonly #nextFate: () => Fate

  constructor(state: MemorySharedState, pass: Step, nextFate: () => Fate) {
    super(state)
    this.#pass = pass
    this.#nextFate = nextFate
  }

  override find = this.#slow((...args: Parameters<MemorySharedDescriptors['find']>) => super.find(...args))
  override fill = this.#slow((...args: Parameters<MemorySharedDescriptors['fill']>) => super.fill(...args))
  override hold = this.#slow((...args: Parameters<MemorySharedDescriptors['hold']>) => super.hold(...args))
  override release = this.#slow((...args: Parameters<MemorySharedDescriptors['release']>) => super.release(...args))

  #slow<A extends unknown[], R>(call: (...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => {
      const becomes = this.#nextFate()
      await this.#pass()
      if (becomes === 'lost') throw new Error('connection refused')
      if (becomes === 'late') {
        void this.#pass().then(() => call(...args))
        throw new Error('command timed out')
      }
      const answer = await call(...args)
      await this.#pass()
      if (becomes === 'answer lost') throw new Error('connection reset')
      return answer
    }
  }
}

class SlowDriver extends MemoryDriver {
  readonly #pass: Step

  constructor(pass: Step) {
    super()
    this.#pass = pass
  }

  override async read(...args: Parameters<MemoryDriver['read']>): ReturnType<MemoryDriver['read']> {
    await this.#pass()
    const found = await super.read(...args)
    await this.#pass()
    return found
  }

  override async delete(...args: Parameters<MemoryDriver['delete']>): Promise<void> {
    await this.#pass()
    await super.delete(...args)
    await this.#pass()
  }
}

interface Span {
  readonly does: string
  readonly startedAt: number
  readonly endedAt: number
}

describe('random removals by three replicas', () => {
  it('are never followed by the blob, from a replica that hears, until it is put again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 4, maxLength: 40 }),
        fc.infiniteStream(fate),
        async (scheduler, steps, fates) => {
          const pass = (): Promise<void> => scheduler.schedule(Promise.resolve())
          const nextFate = (): Fate => fates.next().value
          const storage = new SlowDriver(pass)
          await new StoredBlobs({ storage }).put(repository, content)
          const state = new MemorySharedState(() => 0)
          const nodes = Array.from({ length: replicas }, () => {
            const shared = new SlowDescriptors(state, pass, nextFate)
            return { shared, blobs: new StoredBlobs({ storage, cache: { shared, nowMs: () => 0 } }) }
          })

          let now = 0
          const history: Span[] = []
          const run = async (node: (typeof nodes)[number], does: string): Promise<void> => {
            if (does === 'cut') return node.shared.disconnect()
            if (does === 'mend') return node.shared.reconnect()
            if (does === 'lose') return state.lose()
            const startedAt = now++
            const hears = node.shared.isConnected
            try {
              if (does === 'put') await node.blobs.put(repository, content)
              else if (does === 'unlink') await node.blobs.unlink(repository, digest)
              else await node.blobs.stat(repository, digest)
            } catch (error) {
              if (registryErrors(error).length !== 1) throw error
              return
            }
            if (does !== 'stat' || hears) history.push({ does, startedAt, endedAt: now++ })
          }
          const runs: Promise<void>[] = []
          for (const { replica, does, beside } of steps) {
            const before = runs.slice(0, Math.max(0, runs.length - beside))
            runs.push(
              Promise.all(before).then(async () => {
                await pass()
                const node = nodes[replica]
                if (node !== undefined) await run(node, does)
              }),
            )
          }
          await scheduler.waitFor(Promise.all(runs))
          expect(staleAnswers(history)).toEqual([])
        },
      ),
      { numRuns: 1500 },
    )
  })
})

/** The looks that found the blob after an acknowledged removal, with no put that could have brought it back. */
function staleAnswers(history: readonly Span[]): readonly Span[] {
  const removals = history.filter(({ does }) => does === 'unlink')
  const puts = history.filter(({ does }) => does === 'put')
  return history.filter(
    (look) =>
      look.does === 'stat' &&
      removals.some(
        (removal) =>
          removal.endedAt < look.startedAt &&
          !puts.some((put) => put.endedAt > removal.startedAt && put.startedAt < look.endedAt),
      ),
  )
}
