import { setImmediate } from 'node:timers/promises'
import { ByteBudget, type ByteStream } from '@berth/bytes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Gatherer } from './gatherer.ts'
import { SharedBuffers } from './shared-buffers.ts'

const kibibyte = 1024
const limit = 1024 * kibibyte

/** Buffers with a clock that stands still until it is set. */
function open(bytes = limit, patienceMs = Infinity) {
  let nowMs = 0
  const later: { readonly atMs: number; readonly isLook: boolean; readonly callBack: () => void }[] = []
  const budget = new ByteBudget(bytes, { patienceMs })
  const buffers = new SharedBuffers({
    budget,
    nowMs: () => nowMs,
    after: (ms, callBack) => {
      const entry = { atMs: nowMs + ms, isLook: ms < 1000, callBack }
      later.push(entry)
      return () => void (later.includes(entry) && later.splice(later.indexOf(entry), 1))
    },
  })
  const pass = (ms: number): void => {
    nowMs += ms
    // A look may come early, since it only looks. Patience ends when it is due.
    for (const entry of later.filter(({ atMs, isLook }) => isLook || atMs <= nowMs)) {
      later.splice(later.indexOf(entry), 1)
      entry.callBack()
    }
  }
  return { buffers, budget, pass }
}

/** A client that sends when it is told to, and whose pieces are of `most` bytes, unless they are asked for. */
function client(buffers: SharedBuffers, most = limit, least = most, share?: string) {
  const chunks: number[] = []
  let wake: () => void = () => {}
  let isOver = false
  async function* content(): ByteStream {
    while (!isOver || chunks.length > 0) {
      const next = chunks.shift()
      if (next === undefined) await new Promise<void>((resolve) => (wake = resolve))
      else yield new Uint8Array(next)
    }
  }
  const gatherer = new Gatherer(content(), { buffers, pieceSize: () => ({ most, least }), share })
  const pieces: number[] = []
  const gathered = (async () => {
    let isLast = false
    while (!isLast) {
      const piece = await gatherer.next()
      isLast = piece.isLast
      pieces.push(piece.size)
      await setImmediate()
      buffers.give(piece.taken, piece.share)
    }
  })()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await setImmediate()
  }
  return {
    pieces,
    gathered,
    async send(bytes: number): Promise<void> {
      chunks.push(bytes)
      wake()
      await settle()
    },
    async end(): Promise<void> {
      isOver = true
      wake()
      await settle()
    },
  }
}

type Client = ReturnType<typeof client>

describe('shared buffers', () => {
  it('cost a client what it has sent, as long as there is enough', async () => {
    const { buffers, budget, pass } = open()
    const slow = Array.from({ length: 100 }, () => client(buffers))
    for (const each of slow) await each.send(1)
    pass(10_000)
    expect(budget.taken).toBe(100)
    expect(slow.flatMap(({ pieces }) => pieces)).toEqual([])
  })

  it('have what slow clients sent handed out as soon as somebody waits: the longest, and no more than needed', async () => {
    const { buffers, pass } = open()
    const long = client(buffers)
    const short = client(buffers)
    await short.send(limit / 4)
    await long.send((limit * 3) / 4)
    pass(250)
    const fast = client(buffers)
    await fast.send(64 * kibibyte)
    expect([long.pieces, short.pieces]).toEqual([[(limit * 3) / 4], []])
    await fast.end()
    expect(fast.pieces).toEqual([64 * kibibyte])
  })

  it('let those be that send all the while', async () => {
    const { buffers, pass } = open(256 * kibibyte)
    const steady = client(buffers, 192 * kibibyte)
    const slow = client(buffers)
    await slow.send(128 * kibibyte)
    await steady.send(64 * kibibyte)
    pass(200)
    await steady.send(64 * kibibyte)
    const late = client(buffers)
    await late.send(kibibyte)
    expect([steady.pieces, slow.pieces]).toEqual([[], []])
    pass(50)
    await late.end()
    expect([late.pieces, steady.pieces, slow.pieces]).toEqual([[kibibyte], [], [128 * kibibyte]])
  })

  it('are not kept by who sends a byte now and then', async () => {
    const { buffers, pass } = open()
    const dripping = client(buffers)
    await dripping.send(limit - kibibyte)
    for (let each = 0; each < 5; each += 1) {
      pass(100)
      await dripping.send(1)
    }
    const fast = client(buffers)
    await fast.send(64 * kibibyte)
    await fast.end()
    expect(fast.pieces).toEqual([64 * kibibyte])
  })

  it('are given first to who holds most', async () => {
    const { buffers } = open(256 * kibibyte)
    const [most, least, newcomer] = [1, 2, 3].map(() => client(buffers, limit, 192 * kibibyte)) as [
      Client,
      Client,
      Client,
    ]
    const taken = await buffers.take(64 * kibibyte)
    await least.send(64 * kibibyte)
    await most.send(128 * kibibyte)
    await newcomer.send(kibibyte)
    await least.send(kibibyte)
    await most.send(64 * kibibyte)
    buffers.give(taken)
    await most.end()
    expect([most.pieces, least.pieces, newcomer.pieces]).toEqual([[192 * kibibyte], [], []])
    await newcomer.end()
    expect(newcomer.pieces).toEqual([kibibyte])
  })

  it('let every piece of fast clients become whole, however many there are', async () => {
    const { buffers, budget } = open()
    const clients = Array.from({ length: 7 }, () => client(buffers, 256 * kibibyte))
    for (let turn = 0; turn < 8; turn += 1) for (const each of clients) await each.send(64 * kibibyte)
    for (const each of clients) await each.end()
    const whole = [256 * kibibyte, 256 * kibibyte]
    expect(clients.map(({ pieces }) => pieces)).toEqual(clients.map(() => whole))
    expect(budget.taken).toBe(0)
  })

  it('have the shortest handed out where all wait for each other', async () => {
    const { buffers } = open(256 * kibibyte)
    const [one, other] = [client(buffers), client(buffers)]
    await one.send(156 * kibibyte)
    await other.send(100 * kibibyte)
    await other.send(64 * kibibyte)
    await one.send(64 * kibibyte)
    expect([one.pieces, other.pieces]).toEqual([[], [100 * kibibyte]])
    await one.end()
    await other.end()
    expect([one.pieces, other.pieces]).toEqual([[220 * kibibyte], [100 * kibibyte, 64 * kibibyte]])
  })

  it('are not waited for with enough in hand', async () => {
    const { buffers } = open(256 * kibibyte)
    const enough = client(buffers, limit, 100 * kibibyte)
    const other = client(buffers)
    await other.send(128 * kibibyte)
    await enough.send(128 * kibibyte)
    await enough.send(64 * kibibyte)
    expect(enough.pieces).toEqual([128 * kibibyte])
  })

  it('are given to a client that holds nothing before one whose pieces wait', async () => {
    const { buffers, pass } = open(256 * kibibyte)
    const greedy = Array.from({ length: 4 }, () => client(buffers, limit, 128 * kibibyte, 'greedy'))
    for (const each of greedy) await each.send(64 * kibibyte)
    for (const each of greedy) await each.send(64 * kibibyte)
    const newcomer = client(buffers, limit, limit, 'newcomer')
    await newcomer.send(64 * kibibyte)
    pass(250)
    await newcomer.end()
    expect(newcomer.pieces).toEqual([64 * kibibyte])
    expect(greedy.filter(({ pieces }) => pieces.length === 0)).not.toEqual([])
  })

  it('are all for one client as long as no other wants some', async () => {
    const { buffers, budget } = open()
    const clients = Array.from({ length: 4 }, () => client(buffers, limit, limit / 4, 'only'))
    for (const each of clients) await each.send(limit / 4)
    expect(budget.taken).toBe(limit)
    for (const each of clients) await each.end()
    expect(clients.flatMap(({ pieces }) => pieces)).toEqual(clients.map(() => limit / 4))
  })

  it('are not kept by a client that sends all the while from another that waits', async () => {
    const { buffers, pass } = open(1024 * kibibyte)
    const greedy = Array.from({ length: 4 }, () => client(buffers, 4 * limit, 256 * kibibyte, 'greedy'))
    for (const each of [...greedy, ...greedy]) await each.send(64 * kibibyte)
    const newcomer = client(buffers, limit, limit, 'newcomer')
    await newcomer.send(64 * kibibyte)
    pass(200)
    for (const each of greedy) await each.send(64 * kibibyte)
    expect(greedy.flatMap(({ pieces }) => pieces)).toEqual([])
    pass(50)
    await newcomer.end()
    expect(newcomer.pieces).toEqual([64 * kibibyte])
    expect(greedy.filter(({ pieces }) => pieces.length === 0)).toHaveLength(3)
  })

  it('are waited for no longer than the budget allows', async () => {
    const { buffers, budget, pass } = open(limit, 1000)
    const taken = await buffers.take(limit)
    const late = client(buffers, limit, limit, 'late')
    const failed = late.gathered.catch((error: unknown) => error)
    await late.send(1)
    pass(1000)
    expect(await failed).toMatchObject({ code: 'UNAVAILABLE' })
    buffers.give(taken)
    expect(budget.taken).toBe(0)
  })

  it('are taken by nobody whose signal was aborted', async () => {
    const { buffers, budget } = open()
    const taken = await buffers.take(limit)
    const leaving = new AbortController()
    const waiting = buffers.take(1, leaving.signal)
    leaving.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(buffers.take(1, leaving.signal)).rejects.toThrow('gone')
    buffers.give(taken)
    expect(budget.taken).toBe(0)
  })

  it('are never more than there are, and bring everyone to an end, whatever comes when', async () => {
    const size = fc.integer({ min: 1, max: 300 })
    const event = fc.record({ who: fc.nat(7), bytes: size, ms: fc.nat(400) })
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), fc.infiniteStream(size), async (events, joins) => {
        const { buffers, budget, pass } = open(500)
        const clients = Array.from({ length: 8 }, (_, index) => client(buffers, 200, 120, 'abc'[index % 4]))
        const sent = clients.map(() => 0)
        const others: Promise<void>[] = []
        for (const { who, bytes, ms } of events) {
          void clients[who]?.send(bytes)
          sent[who] = (sent[who] ?? 0) + bytes
          if (ms % 5 === 0) others.push(buffers.take(joins.next().value).then((taken) => buffers.give(taken)))
          if (ms > 200) await setImmediate()
          expect(budget.taken).toBeLessThanOrEqual(500)
          pass(ms)
        }
        for (const each of clients) void each.end()
        let isDone = false
        const done = Promise.all([...others, ...clients.map(({ gathered }) => gathered)]).then(() => (isDone = true))
        for (let turn = 0; turn < 1000 && !isDone; turn += 1) {
          await setImmediate()
          pass(100)
        }
        expect(isDone).toBe(true)
        await done
        expect(clients.map(({ pieces }) => pieces.reduce((sum, each) => sum + each, 0))).toEqual(sent)
        expect(budget.taken).toBe(0)
      }),
    )
  })
})
