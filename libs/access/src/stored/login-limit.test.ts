import { describe, expect, it } from 'vitest'
import { LoginLimit } from './login-limit.ts'

function limit(failuresPerMinute = 10) {
  let now = 0
  const limited = new LoginLimit({ failuresPerMinute, nowMs: () => now })
  const pass = (ms: number) => void (now += ms)
  /** How many of so many logins may begin. */
  const begin = (count: number, source: string, name: string | (() => string)) =>
    Array.from({ length: count }, () => limited.begin(source, typeof name === 'string' ? name : name())).filter(
      (waitMs) => waitMs === undefined,
    ).length
  return { limited, pass, begin }
}

describe('a limit of failed logins', () => {
  it('lets so many fail at once, and then as many a minute', () => {
    const { begin, limited, pass } = limit()
    expect(begin(100, '192.0.2.1', 'bob')).toBe(10)
    expect(limited.begin('192.0.2.1', 'bob')).toBe(6000)
    pass(6000)
    expect(begin(100, '192.0.2.1', 'bob')).toBe(1)
    pass(60_000)
    expect(begin(100, '192.0.2.1', 'bob')).toBe(10)
  })

  it('does not count what succeeded', () => {
    const { begin, limited } = limit()
    for (let login = 0; login < 100; login++) {
      expect(limited.begin('192.0.2.1', 'bob')).toBeUndefined()
      limited.succeeded('192.0.2.1', 'bob')
    }
    expect(begin(100, '192.0.2.1', 'bob')).toBe(10)
  })

  it('lets other users in from the same address, and the same user from elsewhere', () => {
    const { begin } = limit()
    begin(100, '192.0.2.1', 'bob')
    expect(begin(1, '192.0.2.1', 'alice')).toBe(1)
    expect(begin(1, '192.0.2.2', 'bob')).toBe(1)
  })

  it('lets ten times as many fail of all users of an address', () => {
    const { begin } = limit()
    let user = 0
    expect(begin(500, '192.0.2.1', () => `user ${user++}`)).toBe(100)
  })

  it('takes the addresses of a network of IPv6 for one', () => {
    const { begin } = limit()
    expect(begin(10, '2001:db8:0:1::1', 'bob')).toBe(10)
    for (const address of ['2001:db8:0:1::2', '2001:db8::1:2:3:4:5', '2001:db8:0:1:ffff:ffff:ffff:ffff'])
      expect(begin(1, address, 'bob')).toBe(0)
    expect(begin(1, '2001:db8:0:2::1', 'bob')).toBe(1)
    expect(begin(1, '::ffff:192.0.2.1', 'bob')).toBe(1)
    expect(begin(1, '::1', 'bob')).toBe(1)
  })

  it('is not forgotten for all the names that others make up', () => {
    const { begin } = limit()
    begin(10, '192.0.2.1', 'bob')
    let user = 0
    begin(50_000, '192.0.2.2', () => `user ${user++}`)
    expect(begin(1, '192.0.2.1', 'bob')).toBe(0)
  })

  it('counts tokens that are none by their address, with its logins', () => {
    const { begin, limited, pass } = limit()
    for (let token = 0; token < 100; token++) {
      expect(limited.waitMs('192.0.2.1')).toBeUndefined()
      limited.failed('192.0.2.1')
    }
    expect(limited.waitMs('192.0.2.1')).toBe(600)
    // Those that were being looked at already.
    for (let token = 0; token < 1000; token++) limited.failed('192.0.2.1')
    expect(limited.waitMs('192.0.2.1')).toBe(600)
    expect(begin(1, '192.0.2.1', 'bob')).toBe(0)
    expect(begin(1, '192.0.2.2', 'bob')).toBe(1)
    pass(600)
    expect(limited.waitMs('192.0.2.1')).toBeUndefined()
  })

  it('is none where it is 0', () => {
    const { limited } = limit(0)
    for (let token = 0; token < 1000; token++) limited.failed('192.0.2.1')
    expect(limited.waitMs('192.0.2.1')).toBeUndefined()
    expect(limit(0).begin(1000, '192.0.2.1', 'bob')).toBe(1000)
  })
})
