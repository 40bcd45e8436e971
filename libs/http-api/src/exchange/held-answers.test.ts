import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { HeldAnswers } from './held-answers.ts'

const mebibyte = 1024 * 1024

function answerTo(clientNetwork: string, { encrypted = false } = {}) {
  const socket = { encrypted }
  const response = Object.assign(new EventEmitter(), { closed: false, destroyed: false, socket })
  return {
    response: response as unknown as ServerResponse,
    clientNetwork,
    signal: new AbortController().signal,
    close() {
      response.closed = true
      response.emit('close')
    },
  }
}

/** Holds different bodies for one client until there is no room for more. */
function fill(answers: HeldAnswers, client: string) {
  const held: ReturnType<typeof answerTo>[] = []
  for (;;) {
    const answer = answerTo(client)
    if (!answers.tryHold(answer, Buffer.alloc(4 * mebibyte))) return held
    held.push(answer)
  }
}

describe('large answers', () => {
  it('of one client have room until they hold its share, and those of others have theirs', () => {
    const answers = new HeldAnswers(1000)

    expect(fill(answers, 'slow')).toHaveLength(8)
    expect(fill(answers, 'other')).toHaveLength(3)
  })

  it('have room again once a response is closed', () => {
    const answers = new HeldAnswers(1000)
    const [first] = fill(answers, 'slow')

    first?.close()

    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(true)
  })

  it('with the same body take its memory once, until the last of them is closed', () => {
    const answers = new HeldAnswers(1000)
    const body = Buffer.alloc(4 * mebibyte)
    const sent = Array.from({ length: 100 }, () => answerTo('slow'))

    expect(sent.every((answer) => answers.tryHold(answer, body))).toBe(true)
    const others = fill(answers, 'slow')
    expect(others).toHaveLength(7)
    for (const answer of sent.slice(1)) answer.close()
    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(false)
    sent[0]?.close()
    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(true)
  })

  it('with the same body over TLS take its memory each, since each connection holds it encrypted', () => {
    const answers = new HeldAnswers(1000)
    const body = Buffer.alloc(4 * mebibyte)
    const sent = Array.from({ length: 100 }, () => answerTo('slow', { encrypted: true }))

    const held = sent.filter((answer) => answers.tryHold(answer, body))
    expect(held).toHaveLength(8)
    expect(answers.tryHold(answerTo('other', { encrypted: true }), body)).toBe(true)
    held[0]?.close()
    expect(answers.tryHold(answerTo('slow', { encrypted: true }), body)).toBe(true)
  })

  it('wait for room, and then count', async () => {
    const answers = new HeldAnswers(1000)
    const [first] = fill(answers, 'slow')
    const waiting = answerTo('slow')
    const held = answers.hold(waiting, 4 * mebibyte)

    first?.close()
    await held

    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(false)
    waiting.close()
    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(true)
  })

  it('are refused where they wait too long', async () => {
    const answers = new HeldAnswers(1)
    fill(answers, 'slow')

    await expect(answers.hold(answerTo('slow'), 4 * mebibyte)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('are not counted where the response is closed already', async () => {
    const answers = new HeldAnswers(1000)
    const [first] = fill(answers, 'slow')
    const gone = answerTo('slow')
    gone.close()
    const late = answers.hold(gone, 4 * mebibyte)
    first?.close()
    await late

    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(4 * mebibyte))).toBe(true)
  })
})

describe('small answers', () => {
  it('always have room', () => {
    const answers = new HeldAnswers(1000)
    fill(answers, 'slow')

    expect(answers.tryHold(answerTo('slow'), Buffer.alloc(64 * 1024))).toBe(true)
    expect(answers.tryHold(answerTo('slow'), 'x'.repeat(64 * 1024))).toBe(true)
    expect(answers.tryHold(answerTo('slow'), 'x'.repeat(4 * mebibyte))).toBe(false)
  })
})
