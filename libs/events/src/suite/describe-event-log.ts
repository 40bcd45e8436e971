import { randomUUID } from 'node:crypto'
import { parseRepositoryName, parseTag } from '@berth/reference'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RegistryEvent } from '../event.ts'
import type { EventListKey, EventLists, EventLog, Recording } from '../event-log.ts'

interface EventLogUnderTest {
  readonly log: EventLog & EventLists
  /** Opens what a process finds after this one was killed. */
  reopen(): Promise<EventLog & EventLists>
  close(): Promise<void>
}

export type OpenEventLog = () => Promise<EventLogUnderTest>

const repositories = ['library/alpine', 'a', 'a/b'].map(parseRepositoryName)
const [alpine, other] = repositories as [EventListKey['repository'], EventListKey['repository']]
const first = { endpoint: 'first', repository: alpine }
const second = { endpoint: 'second', repository: alpine }

function event(repository = alpine, tag?: string): RegistryEvent {
  return {
    id: randomUUID(),
    timestamp: '2026-01-01T00:00:00.000Z',
    action: 'push',
    target: { repository, ...(tag !== undefined && { tag: parseTag(tag) }) },
    request: {},
    actor: { name: 'Zoë' },
    source: { addr: 'registry:5000', instanceID: 'x' },
  }
}

const to = (endpoints: readonly string[], ...events: readonly RegistryEvent[]): readonly Recording[] =>
  events.map((each) => ({ endpoints, event: each }))

export function describeEventLog(name: string, open: OpenEventLog): void {
  describe(`the event log (${name})`, () => {
    let opened: EventLogUnderTest
    let log: EventLog & EventLists

    beforeEach(async () => {
      opened = await open()
      log = opened.log
    })

    afterEach(() => opened.close())

    it('has no lists at first', async () => {
      expect(await log.lists()).toEqual([])
      expect(await log.oldest(first, 10)).toEqual([])
      expect(log.waiting()).toEqual(new Map())
    })

    it('keeps an event for each of its endpoints', async () => {
      const pushed = event()
      await log.append(to(['first', 'second'], pushed))

      expect(new Set(await log.lists())).toEqual(new Set([first, second]))
      expect(await log.oldest(first, 10)).toEqual([pushed])
      expect(await log.oldest(second, 10)).toEqual([pushed])
      expect(log.waiting()).toEqual(
        new Map([
          ['first', 1],
          ['second', 1],
        ]),
      )
    })

    it('keeps the events of a list in the order of their appends', async () => {
      const events = Array.from({ length: 20 }, (_, index) => event(alpine, `t${index}`))
      await log.append(to(['first'], ...events.slice(0, 3)))
      for (const each of events.slice(3, 6)) await log.append(to(['first'], each))
      // Calls at once keep the order in which they were made.
      await Promise.all(events.slice(6).map((each) => log.append(to(['first'], each))))

      expect(await log.oldest(first, 2)).toEqual(events.slice(0, 2))
      expect(await readAll(log, first)).toEqual(events)
    })

    it('removes the oldest events of one list, and no others', async () => {
      const events = [event(), event(), event()]
      await log.append(to(['first', 'second'], ...events))

      await log.remove(first, 2)

      expect(await log.oldest(first, 10)).toEqual(events.slice(2))
      expect(await log.oldest(second, 10)).toEqual(events)
      await log.remove(first, 1)
      expect(await log.lists()).toEqual([second])
    })

    it('separates repositories', async () => {
      const [one, two] = [event(alpine), event(other)]
      await log.append(to(['first'], one, two))

      expect(await log.oldest(first, 10)).toEqual([one])
      expect(await log.oldest({ endpoint: 'first', repository: other }, 10)).toEqual([two])
    })

    it('tells of each list that events were appended to', async () => {
      const told: unknown[] = []
      log.onAppended((list, events) => told.push([list, events]))

      await log.append(to(['first', 'second'], event(), event()))

      expect(told).toEqual([
        [first, 2],
        [second, 2],
      ])
    })

    it('has after the end of a process all events that were appended and not removed', async () => {
      const events = Array.from({ length: 5 }, () => event())
      await log.append(to(['first', 'second'], ...events))
      await log.remove(first, 2)

      const next = await opened.reopen()

      // What was removed may come again, with the same id.
      expect((await next.oldest(first, 10)).slice(-3)).toEqual(events.slice(2))
      const later = event()
      await next.append(to(['second'], later))
      expect(await readAll(next, second)).toEqual([...events, later])
    })

    it('does not bring an event back that was removed from all its lists', async () => {
      await log.append(to(['first', 'second'], event()))
      await log.remove(first, 1)
      await log.remove(second, 1)

      expect(await (await opened.reopen()).lists()).toEqual([])
    })

    it('takes buried events out of their list', async () => {
      const events = [event(), event()]
      await log.append(to(['first'], ...events))

      await log.bury(first, 1, 'too old')

      expect(await log.oldest(first, 10)).toEqual(events.slice(1))
    })

    it('loses no event and keeps every order, whatever is appended, removed and read', async () => {
      const step = fc.oneof(
        fc.record({ append: fc.array(fc.nat(2), { maxLength: 5 }), to: fc.subarray(['first', 'second']) }),
        fc.record({ remove: fc.nat(4), from: fc.constantFrom('first', 'second'), of: fc.nat(2) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          const under = await open()
          try {
            const model = new Map<string, RegistryEvent[]>()
            const expected = ({ endpoint, repository }: EventListKey): RegistryEvent[] => {
              const key = `${endpoint} ${repository}`
              return model.get(key) ?? model.set(key, []).get(key) ?? []
            }
            for (const each of steps) {
              if ('append' in each) {
                const events = each.append.map((index) => event(repositories[index]))
                if (each.to.length > 0) await under.log.append(to(each.to, ...events))
                for (const endpoint of each.to)
                  for (const one of events) expected({ endpoint, repository: one.target.repository }).push(one)
              } else {
                const list = { endpoint: each.from, repository: repositories[each.of] ?? alpine }
                const count = (await under.log.oldest(list, each.remove)).length
                await under.log.remove(list, count)
                expected(list).splice(0, count)
              }
            }
            for (const endpoint of ['first', 'second'])
              for (const repository of repositories)
                expect(await readAll(under.log, { endpoint, repository })).toEqual(expected({ endpoint, repository }))
          } finally {
            await under.close()
          }
        }),
        { numRuns: 30 },
      )
    })
  })
}

/** Removes all events of a list. @returns them in their order */
async function readAll(log: EventLists, list: EventListKey): Promise<readonly RegistryEvent[]> {
  const all: RegistryEvent[] = []
  for (;;) {
    const events = await log.oldest(list, 3)
    if (events.length === 0) return all
    all.push(...events)
    await log.remove(list, events.length)
  }
}
