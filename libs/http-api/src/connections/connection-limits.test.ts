import { describe, expect, it } from 'vitest'
import { ConnectionLimits, connectionsFor } from './connection-limits.ts'
import { openFilesLimit } from './open-files.ts'

/** Limits of 6 connections, 4 of a network; 10.0.0.1 is a proxy. Connections are idle unless they are said to be busy. */
function limited() {
  const busy = new Set<string>()
  const closed: string[] = []
  const limits = new ConnectionLimits<string>({
    maxConnections: 6,
    maxOfNetwork: 4,
    isShared: (address) => address === '10.0.0.1',
    closeIdle: (name) => {
      if (busy.has(name)) return false
      closed.push(name)
      return true
    },
  })
  const admit = (address: string, ...names: string[]): boolean[] => names.map((name) => limits.admit(name, address))
  return { limits, admit, busy, closed }
}

describe('a connection', () => {
  it('is admitted while there is room', () => {
    const { admit, closed } = limited()
    expect(admit('192.0.2.1', 'a', 'b', 'c', 'd')).toEqual([true, true, true, true])
    expect(admit('192.0.2.2', 'e', 'f')).toEqual([true, true])
    expect(closed).toEqual([])
  })

  it('takes the place of the oldest idle one where its network has its share', () => {
    const { admit, busy, closed } = limited()
    busy.add('a')
    admit('192.0.2.1', 'a', 'b', 'c', 'd')
    expect(admit('192.0.2.1', 'e', 'f')).toEqual([true, true])
    expect(closed).toEqual(['b', 'c'])
  })

  it('is refused where all of its network’s share are busy, and others are not', () => {
    const { admit, busy, limits, closed } = limited()
    for (const name of ['a', 'b', 'c', 'd']) busy.add(name)
    admit('192.0.2.1', 'a', 'b', 'c', 'd')
    expect(admit('192.0.2.1', 'e')).toEqual([false])
    expect(admit('192.0.2.2', 'f')).toEqual([true])
    expect(closed).toEqual([])
    limits.release('a', '192.0.2.1')
    expect(admit('192.0.2.1', 'g')).toEqual([true])
  })

  it('takes the place of one of the largest network where there are as many as there may be', () => {
    const { admit, closed } = limited()
    admit('192.0.2.1', 'a', 'b')
    admit('192.0.2.2', 'c', 'd', 'e')
    admit('10.0.0.1', 'f')
    expect(admit('192.0.2.3', 'g')).toEqual([true])
    expect(closed).toEqual(['c'])
  })

  it('is refused where there are as many as there may be and none of the largest network is idle', () => {
    const { admit, busy } = limited()
    for (const name of ['a', 'b', 'c', 'd']) busy.add(name)
    admit('192.0.2.1', 'a', 'b', 'c', 'd')
    admit('192.0.2.2', 'e', 'f')
    expect(admit('192.0.2.3', 'g')).toEqual([false])
  })

  it('of one IPv6 network counts with the others of that network', () => {
    const { admit, closed } = limited()
    for (let at = 0; at < 4; at++) admit(`2001:db8::${at}`, `v${at}`)
    expect(admit('2001:db8:0:1::1', 'other')).toEqual([true])
    expect(closed).toEqual([])
    admit('2001:db8::f', 'v4')
    expect(closed).toEqual(['v0'])
  })

  it.each(['10.0.0.1', ''])('from %j has no share, but counts', (address) => {
    const { admit, closed, busy } = limited()
    expect(admit(address, 'a', 'b', 'c', 'd', 'e', 'f')).not.toContain(false)
    expect(closed).toEqual([])
    admit('192.0.2.1', 'g')
    expect(closed).toEqual(['a'])
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g']) busy.add(name)
    expect(admit(address, 'h')).toEqual([false])
  })

  it('that has closed makes room once', () => {
    const { admit, limits, closed } = limited()
    admit('192.0.2.1', 'a', 'b', 'c', 'd')
    admit('192.0.2.2', 'e', 'f')
    limits.release('f', '192.0.2.2')
    limits.release('f', '192.0.2.2')
    admit('192.0.2.2', 'g')
    expect(closed).toEqual([])
    admit('192.0.2.2', 'h')
    expect(closed).toEqual(['a'])
  })
})

describe('a network', () => {
  it('is forgotten once its last connection has closed, also where another took its place', () => {
    const { admit, limits } = limited()
    for (let at = 0; at < 100; at++) {
      admit(`192.0.2.${at}`, `c${at}`)
      if (at >= 6) limits.release(`c${at - 6}`, `192.0.2.${at - 6}`)
    }
    expect(limits.networks).toBe(6)
  })
})

describe('the number of connections', () => {
  it.each([
    [256, 96],
    [1024, 480],
    [20_000, 9968],
    [1_048_576, 10_000],
    [Infinity, 10_000],
    [32, 1],
  ])('that %d open files allow is %d', (openFiles, connections) => {
    expect(connectionsFor(openFiles)).toBe(connections)
  })

  it.each([
    ['Limit  Soft  Hard  Units\nMax open files            256                  4096                 files\n', 256],
    ['Max open files            unlimited            unlimited            files', Infinity],
    ['nothing of the kind', 1024],
  ])('follows from the limit in %j', (text, limit) => {
    expect(openFilesLimit(() => text)).toBe(limit)
  })

  it('is a usual one where the limit cannot be read', () => {
    const unreadable = (): string => {
      throw new Error('ENOENT')
    }
    expect(openFilesLimit(unreadable)).toBe(1024)
    expect(openFilesLimit()).toBeGreaterThan(0)
  })
})
