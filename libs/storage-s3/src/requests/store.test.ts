import { S3Client } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, it } from 'vitest'
import { DirectClient } from './direct-client.ts'
import { settingsUnderTest } from '../driver-under-test.ts'
import { Store } from './store.ts'
import { NoRoomError, StoreError } from './store-fault.ts'
import { noObserver } from './store-observer.ts'

const endpoint = 'http://127.0.0.1:1'
const credentials = { accessKeyId: 'me', secretAccessKey: 'secret' }
const client = new S3Client({ region: 'r', endpoint, forcePathStyle: true, credentials })
const direct = new DirectClient(client, settingsUnderTest({ endpoint }))

/** What the client throws for an answer of the store. */
function answer(status: number, name = 'SomeError'): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } })
}

const cut = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

let nowMs: number
let pauses: number[]
let told: string[]

beforeEach(() => {
  nowMs = 0
  pauses = []
  told = []
})

function open(options: { maxAttempts?: number; deadlineMs?: number } = {}): Store {
  return new Store({
    client,
    direct,
    bucket: 'b',
    maxAttempts: 5,
    deadlineMs: 10_000,
    ...options,
    nowMs: () => nowMs,
    random: () => 0.5,
    wait: async (ms, signal) => {
      signal?.throwIfAborted()
      pauses.push(ms)
      nowMs += ms
    },
    observer: {
      ...noObserver,
      requested: (operation, outcome) => void told.push(`${operation} ${outcome}`),
      retried: () => void told.push('again'),
      circuitChanged: (isOpen) => void told.push(isOpen ? 'open' : 'closed'),
    },
  })
}

/** Fails with each error in turn, and then succeeds. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors]
  return async () => {
    const error = left.shift()
    if (error !== undefined) throw error
    return 'done'
  }
}

const always = (error: () => Error) => async (): Promise<never> => {
  throw error()
}

describe('a store', () => {
  it.each([
    ['a throttled request', answer(503, 'SlowDown'), 'throttled'],
    ['too many requests', answer(429), 'throttled'],
    ['an error of the store', answer(500, 'InternalError'), 'failed'],
    ['an answer that is an error in spite of its status', answer(200, 'InternalError'), 'failed'],
    ['a cut connection', cut(), 'failed'],
    ['no sign of life', Object.assign(new Error('timed out'), { name: 'TimeoutError' }), 'failed'],
    ['a body that was cut on its way', answer(400, 'IncompleteBody'), 'failed'],
    ['a clock that was set right by the answer', answer(403, 'RequestTimeTooSkewed'), 'failed'],
    ['a conflict of conditions', answer(409, 'ConditionalRequestConflict'), 'failed'],
  ])('asks again after %s', async (_name, error, outcome) => {
    expect(await open().send('GetObject', failing(error, error))).toBe('done')
    expect(told).toEqual([`GetObject ${outcome}`, 'again', `GetObject ${outcome}`, 'again', 'GetObject done'])
  })

  it.each([404, 403, 412, 400, 416, 501])('does not ask again after an answer of %i', async (status) => {
    const asked = open().send(
      'GetObject',
      always(() => answer(status)),
    )
    await expect(asked).rejects.toBeInstanceOf(StoreError)
    expect(told).toEqual(['GetObject refused'])
  })

  it('does not ask again where the settings give no place to ask', async () => {
    const error = Object.assign(new Error('no endpoint'), { name: 'EndpointError' })
    await expect(open().send('GetObject', failing(error))).rejects.toBeInstanceOf(StoreError)
    expect(told).toEqual(['GetObject refused'])
  })

  it('pauses at random, and longer each time', async () => {
    await open().send('GetObject', failing(cut(), cut(), cut()))
    expect(pauses).toEqual([50, 100, 200])
  })

  it('asks so many times', async () => {
    const asked = open({ maxAttempts: 3 }).send('PutObject', always(cut))
    await expect(asked).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(told.filter((each) => each === 'PutObject failed')).toHaveLength(3)
  })

  it('asks as long as it may where it is throttled', async () => {
    const errors = Array.from({ length: 20 }, () => answer(503, 'SlowDown'))
    expect(await open({ maxAttempts: 1, deadlineMs: 30_000 }).send('PutObject', failing(...errors))).toBe('done')
    const asked = open({ maxAttempts: 1, deadlineMs: 500 }).send('PutObject', failing(...errors))
    await expect(asked).rejects.toMatchObject({ cause: { name: 'SlowDown' } })
  })

  it('begins no attempt after the deadline', async () => {
    const asked = open({ maxAttempts: 100, deadlineMs: 500 }).send('PutObject', always(cut))
    await expect(asked).rejects.toBeInstanceOf(StoreError)
    expect(nowMs).toBeLessThanOrEqual(500)
  })

  it('tells an attempt how many were before it', async () => {
    const seen: number[] = []
    const again = failing(cut(), cut())
    await open().send('PutObject', ({ earlier }) => {
      seen.push(earlier)
      return again()
    })
    expect(seen).toEqual([0, 1, 2])
  })

  it('stops when nobody waits any more', async () => {
    const reason = new Error('gone')
    const controller = new AbortController()
    const asked = open().send(
      'GetObject',
      async () => {
        controller.abort(reason)
        throw cut()
      },
      controller.signal,
    )
    await expect(asked).rejects.toBe(reason)
  })

  it('refuses at once what comes while none is answered, and lets what is under way wait for it', async () => {
    const store = open({ maxAttempts: 30, deadlineMs: 60_000 })
    await expect(store.send('GetObject', always(cut))).rejects.toBeInstanceOf(StoreError)
    expect(store.isCircuitOpen).toBe(true)
    told = []
    await expect(store.send('GetObject', failing())).rejects.toThrow('not answered')
    expect(told).toEqual([])
    nowMs += 10_000
    await expect(store.send('GetObject', always(cut))).rejects.toBeInstanceOf(StoreError)
    expect(told).toEqual(['GetObject failed'])
    nowMs += 10_000
    expect(await store.send('GetObject', failing())).toBe('done')
    expect(told.at(-2)).toBe('closed')
    expect(store.isCircuitOpen).toBe(false)
  })

  it('does not take requests that found no room for an outage', async () => {
    const store = open({ maxAttempts: 100, deadlineMs: 60_000 })
    const held = always(() => new NoRoomError('none is free'))
    await expect(store.send('GetObject', held)).rejects.toBeInstanceOf(StoreError)
    expect(told.filter((each) => each === 'GetObject held').length).toBeGreaterThan(20)
    expect(store.isCircuitOpen).toBe(false)
  })

  it('does not take throttling for an outage', async () => {
    const store = open({ deadlineMs: 60_000 })
    await expect(
      store.send(
        'GetObject',
        always(() => answer(503, 'SlowDown')),
      ),
    ).rejects.toBeInstanceOf(StoreError)
    expect(store.isCircuitOpen).toBe(false)
  })
})

it('a store that cannot be reached is said to be so, and why', async () => {
  const asked = open({ maxAttempts: 1 }).send('HeadObject', (attempt) =>
    attempt.direct.ask({ method: 'HEAD', key: 'k' }),
  )
  await expect(asked).rejects.toThrow('cannot be reached: connect ECONNREFUSED 127.0.0.1:1')
})

describe('copies within a store', () => {
  it('are made 64 at a time, and hold up nothing else', async () => {
    const store = open()
    const gate = Promise.withResolvers<void>()
    let running = 0
    const copies = Array.from({ length: 100 }, () =>
      store.send('UploadPartCopy', () => {
        running += 1
        return gate.promise
      }),
    )
    expect(await store.send('PutObject', async () => 'done')).toBe('done')
    expect(running).toBe(64)
    gate.resolve()
    await Promise.all(copies)
    expect(running).toBe(100)
  })

  it('are not made for whom has left while waiting', async () => {
    const store = open()
    const gate = Promise.withResolvers<void>()
    const copies = Array.from({ length: 64 }, () => store.send('CopyObject', () => gate.promise))
    const leaving = new AbortController()
    const waiting = store.send('CopyObject', () => gate.promise, leaving.signal)
    leaving.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    gate.resolve()
    await Promise.all(copies)
    expect(await store.send('CopyObject', async () => 'done')).toBe('done')
    expect(told.filter((each) => each === 'CopyObject done')).toHaveLength(65)
  })
})
