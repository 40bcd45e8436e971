import { describe, expect, it } from 'vitest'
import { Lifecycle, type Closable } from './lifecycle.ts'

function lifecycleOf() {
  const events: string[] = []
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object, message: string) =>
      events.push(`${message}: ${'part' in fields ? String(fields.part) : ''}`),
  }
  const part = (name: string, close: Closable['close'] = () => undefined): Closable => ({
    close: (deadline) => {
      events.push(name)
      return close(deadline)
    },
  })
  return { lifecycle: new Lifecycle(log), events, part }
}

const never = new AbortController().signal

describe('a life cycle', () => {
  it('closes what it owns in reverse, each when the one before is done', async () => {
    const { lifecycle, events, part } = lifecycleOf()
    lifecycle.own(part('storage'))
    lifecycle.own(
      part('server', async () => {
        await Promise.resolve()
        events.push('server is done')
      }),
    )
    expect(await lifecycle.close(never)).toBe(true)
    expect(events).toEqual(['server', 'server is done', 'storage'])
  })

  it('is ready when it is told so, and no longer once it closes', async () => {
    const { lifecycle, events, part } = lifecycleOf()
    expect(lifecycle.isReady).toBe(false)
    lifecycle.ready()
    expect(lifecycle.isReady).toBe(true)
    lifecycle.own(part('server'))
    lifecycle.onNotReady(() => events.push(`not ready: ${!lifecycle.isReady}`))
    await lifecycle.close(never)
    expect(events).toEqual(['not ready: true', 'server'])
    lifecycle.ready()
    expect(lifecycle.isReady).toBe(false)
  })

  it.each([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('stuck'))],
  ])('goes on when closing one part %s', async (_, close) => {
    const { lifecycle, events, part } = lifecycleOf()
    lifecycle.own(part('storage'))
    lifecycle.own(part('server', close))
    expect(await lifecycle.close(never)).toBe(false)
    expect(events).toEqual(['server', 'closing a part failed during shutdown: Object', 'storage'])
  })

  it('leaves behind what is not closed at the deadline, and still closes the rest', async () => {
    const { lifecycle, events, part } = lifecycleOf()
    const deadline = new AbortController()
    lifecycle.own(part('storage', () => Promise.resolve()))
    lifecycle.own(part('server', () => new Promise(() => deadline.abort())))
    expect(await lifecycle.close(deadline.signal)).toBe(false)
    expect(events).toEqual(['server', 'a part did not close before the shutdown deadline: Object', 'storage'])
  })

  it('lets a part that stops at the deadline count as closed', async () => {
    const { lifecycle, part } = lifecycleOf()
    const deadline = new AbortController()
    lifecycle.own(
      part(
        'server',
        (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
      ),
    )
    const closing = lifecycle.close(deadline.signal)
    deadline.abort()
    expect(await closing).toBe(true)
  })

  it('closes once, however often it is told to', async () => {
    const { lifecycle, events, part } = lifecycleOf()
    lifecycle.own(part('server'))
    await Promise.all([lifecycle.close(never), lifecycle.close(never)])
    expect(events).toEqual(['server'])
  })

  it('closes what comes after, and tells whoever brings it', async () => {
    const { lifecycle, events, part } = lifecycleOf()
    await lifecycle.close(never)
    expect(() => lifecycle.own(part('late'))).toThrow('shutting down')
    await lifecycle.close(never)
    expect(events).toEqual(['late'])
  })
})

function fail(): never {
  throw new Error('stuck')
}
