import type { ServerResponse } from 'node:http'
import type { Recording, RegistryEvent } from '@berth/events'
import { StoredEventLog } from '@berth/events/stored'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventDispatcher } from './dispatcher.ts'
import type { Endpoint } from './endpoint.ts'
import { Receiver } from './test-receiver.ts'

const dayMs = 86_400_000

let storage: MemoryDriver
let log: StoredEventLog
let receiver: Receiver
let counted: string[]
let closing: (() => Promise<void>)[]

beforeEach(async () => {
  storage = new MemoryDriver()
  log = await StoredEventLog.open({ storage })
  receiver = await Receiver.start()
  counted = []
  closing = [() => receiver.close()]
})

afterEach(async () => {
  for (const close of closing.toReversed()) await close()
})

const metrics = {
  recorded() {},
  waiting() {},
  dropped() {},
  answered: (name: string, status: number, events: number, isSuccess: boolean) =>
    void counted.push(`${name} ${status} ${events} ${isSuccess}`),
  unanswered: (name: string, events: number) => void counted.push(`${name} unanswered ${events}`),
  died: (name: string, events: number) => void counted.push(`${name} died ${events}`),
  paused: (name: string, isPaused: boolean) => void counted.push(`${name} ${isPaused ? 'paused' : 'resumed'}`),
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

function endpoint(changes: Partial<Endpoint> = {}): Endpoint {
  return {
    name: 'hook',
    url: receiver.url,
    headers: {},
    timeoutMs: 5000,
    threshold: 3,
    backoffMs: 10,
    batch: 1,
    maxAgeMs: dayMs,
    allowPrivate: true,
    ...changes,
  }
}

async function start(...endpoints: readonly Endpoint[]): Promise<EventDispatcher> {
  const dispatcher = new EventDispatcher({ endpoints, lists: log, log: silent, metrics })
  closing.push(() => dispatcher.close())
  await dispatcher.start()
  return dispatcher
}

function event(id: string, repository = 'library/alpine', timestamp = new Date().toISOString()): RegistryEvent {
  return {
    id,
    timestamp,
    action: 'push',
    target: { repository: parseRepositoryName(repository) },
    request: {},
    actor: {},
    source: { addr: 'registry:5000', instanceID: 'x' },
  }
}

const to = (names: readonly string[], ...events: readonly RegistryEvent[]): readonly Recording[] =>
  events.map((each) => ({ endpoints: names, event: each }))

/** Waits until no event waits. */
async function untilDelivered(): Promise<void> {
  while (log.waiting().size > 0) await new Promise(setImmediate)
}

describe('a delivery', () => {
  it('posts an envelope with the configured headers', async () => {
    await start(endpoint({ headers: { Authorization: ['Bearer secret'], 'X-Two': ['a', 'b'] } }))
    await log.append(to(['hook'], event('one')))
    await untilDelivered()

    const [request] = receiver.received
    expect(request).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/vnd.docker.distribution.events.v1+json',
        authorization: 'Bearer secret',
        'x-two': 'a, b',
      },
    })
    expect(request?.body).toMatch(/^\{\n {3}"events": \[\n {6}\{\n {9}"id": "one",\n/)
    expect(counted).toEqual(['hook 200 1 true'])
  })

  it('has one event, or as many as a batch may have', async () => {
    await log.append(to(['hook'], ...['a', 'b', 'c', 'd', 'e'].map((id) => event(id))))
    await start(endpoint({ batch: 2 }))
    await untilDelivered()

    expect(receiver.received.map(({ events }) => events.map(({ id }) => id))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('is repeated until it succeeds, before any later event of the repository', async () => {
    let failures = 7
    receiver.answer = (response) => {
      response.statusCode = failures-- > 0 ? 500 : 202
      response.end()
    }
    await start(endpoint())
    await log.append(to(['hook'], event('a'), event('b')))
    await log.append(to(['hook'], event('c')))
    await untilDelivered()

    expect(receiver.ids).toEqual([...Array.from({ length: 8 }, () => 'a'), 'b', 'c'])
    expect(counted.filter((line) => line.endsWith('paused'))).toHaveLength(5)
    expect(counted.filter((line) => line.endsWith('resumed'))).toHaveLength(5)
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['a redirect', (response) => void response.writeHead(307, { Location: '/elsewhere' }).end()],
    ['no answer', (response) => void response.destroy()],
    ['an answer that never comes', () => {}],
    ['an answer that is no HTTP', (response) => void response.socket?.end('garbage')],
  ])('fails where the endpoint gives %s', async (_, answer) => {
    receiver.answer = (response) => {
      receiver.answer = (next) => void next.end()
      answer(response)
    }
    await start(endpoint({ timeoutMs: 100 }))
    await log.append(to(['hook'], event('a')))
    await untilDelivered()

    expect(receiver.ids).toEqual(['a', 'a'])
    expect(counted.at(-1)).toBe('hook 200 1 true')
  })

  it('goes on after an answer without end', async () => {
    receiver.answer = (response) => {
      const more = (): void => void response.write('x'.repeat(65_536), (error) => error || more())
      more()
    }
    await start(endpoint())
    await log.append(to(['hook'], event('a'), event('b')))
    await untilDelivered()

    expect(receiver.ids).toEqual(['a', 'b'])
  })

  it('does not wait for another endpoint, or another repository', async () => {
    const stuck = await Receiver.start()
    closing.push(() => stuck.close())
    stuck.answer = () => {}
    receiver.answer = (response, { events: [first] }) => {
      if (first?.id !== 'stuck') response.end()
    }
    await start(endpoint(), endpoint({ name: 'other', url: stuck.url }))
    await log.append(to(['hook'], event('stuck', 'a')))
    await log.append(to(['hook', 'other'], event('free', 'b'), event('free too', 'b')))
    await receiver.has(3)

    expect(receiver.ids).toEqual(['stuck', 'free', 'free too'])
  })

  it('is not made to an address of this machine unless that is allowed', async () => {
    await start(endpoint({ allowPrivate: false, maxAgeMs: 1 }))
    await log.append(to(['hook'], event('a', 'a', '2026-01-01T00:00:00Z')))
    await untilDelivered()

    expect(receiver.received).toEqual([])
    expect(counted).toEqual(['hook unanswered 1', 'hook died 1'])
  })

  it('begins with what an earlier process left', async () => {
    await log.append(to(['hook'], event('a'), event('b')))
    log = await StoredEventLog.open({ storage })
    await start(endpoint())
    await untilDelivered()

    expect(receiver.ids).toEqual(['a', 'b'])
  })

  it('is given up when an event is too old, and later events are delivered', async () => {
    receiver.answer = (response, { events: [first] }) => {
      response.statusCode = first?.id === 'old' ? 400 : 200
      response.end()
    }
    await start(endpoint({ maxAgeMs: 60_000 }))
    await log.append(to(['hook'], event('old', 'a', '2026-01-01T00:00:00Z'), event('new', 'a')))
    await untilDelivered()

    expect(receiver.ids).toEqual(['old', 'new'])
    expect(counted).toContain('hook died 1')
  })

  it('is not made for an endpoint that is no longer configured', async () => {
    await log.append(to(['gone', 'hook'], event('a')))
    await start(endpoint())
    await untilDelivered()

    expect(receiver.ids).toEqual(['a'])
  })
})
