import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCidr } from './cidr.ts'
import { cipherList, parseCipherSuite } from './cipher-suites.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { GoRegExp, parseGoRegExp } from './go-regexp.ts'
import { formatAddress, parseTcpAddress } from './listen-address.ts'
import { editDistance, nearest } from './nearest.ts'
import { InvalidValue } from '../problems.ts'

describe('a duration', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['.5s', 500],
    ['2m3.5s', 123_500],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['-2s', -2000],
    ['+2s', 2000],
    ['0', 0],
    ['30000000000', 30_000],
  ])('is what Go understands: %s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9)
  })

  it.each(['', '1d', 's', '1 s', '1h ', '.s', '1e3s', '5min', '300000000h', '٣s'])('is nothing else: %j', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidValue)
  })

  it('is written in the largest unit that needs no fraction', () => {
    expect([604_800_000, 90_000, 30_000, 500].map(formatDuration)).toEqual(['168h', '90s', '30s', '500ms'])
  })

  it('is a number or refused, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[-+]?[0-9.]{0,5}(ns|us|ms|s|m|h)[0-9.]{0,3}[smh]?$/)),
        (text) => {
          expect(outcome(() => parseDuration(text))).toSatisfy(Number.isFinite)
        },
      ),
    )
  })
})

describe('a listen address', () => {
  it.each([
    [':5000', { net: 'tcp', port: 5000 }],
    ['localhost:0', { net: 'tcp', host: 'localhost', port: 0 }],
    ['[::1]:65535', { net: 'tcp', host: '::1', port: 65_535 }],
    ['[fe80::1%eth0]:1', { net: 'tcp', host: 'fe80::1%eth0', port: 1 }],
  ])('is read and written alike: %s', (text, address) => {
    expect(parseTcpAddress(text)).toEqual(address)
    expect(formatAddress(parseTcpAddress(text))).toBe(text)
  })

  it.each(['', '5000', 'host', ':', ':http', ':65536', '::1:80', 'a b:1', 'http://x:1'])(
    'is nothing else: %j',
    (text) => {
      expect(() => parseTcpAddress(text)).toThrow('is not a host:port')
    },
  )
})

describe('a range of addresses', () => {
  it.each([
    ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['192.0.2.1', { address: '192.0.2.1', prefix: 32, family: 'ipv4' }],
    ['2001:db8::/32', { address: '2001:db8::', prefix: 32, family: 'ipv6' }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
  ])('is read: %s', (text, cidr) => {
    expect(parseCidr(text)).toEqual(cidr)
  })

  it.each(['', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8/8', '::/129', 'example.com', '10.0.0.0/-1'])(
    'is nothing else: %j',
    (text) => {
      expect(() => parseCidr(text)).toThrow('is not a range of addresses')
    },
  )
})

describe('a regular expression of Go', () => {
  it.each([
    ['^https?://([^/]+\\.)?example\\.com/', 'https://a.example.com/x', 'https://example.org/'],
    ['(?i)EXAMPLE', 'http://example.com', 'http://x.com'],
    ['(?P<host>a+)/', 'aa/', 'b/'],
    ['[[:alpha:]]+[[:digit:]_]$', 'ab1', '1a'],
    ['\\Ahttp\\z', 'http', 'https'],
    ['^\\Qa.b\\E$', 'a.b', 'axb'],
    ['^\\pL+$', 'é', '1'],
    ['a\\-b', 'a-b', 'ab'],
    ['^https://evil\\x{2e}com/', 'https://evil.com/', 'https://evilxxcom/'],
    ['^https://(?i:EVIL)\\.com', 'https://evil.com', 'HTTPS://evil.com'],
    ['evil\\.com$', 'http://evil.com', 'evil.com\n'],
    ['(?m)evil\\.com$', 'evil.com\n', 'evil.com/'],
    ['[[:^alpha:]]', '1', 'a'],
    ['(?i)^ſ$', 's', 'f'],
    ['^[\\p{Greek}]$', 'α', 'a'],
    ['^.$', '\u{1f600}', '\n'],
    ['^a{,2}$', 'a{,2}', 'aa'],
    ['(?U)^a+$', 'a', ''],
    ['(?<host>b)', 'abc', 'ac'],
    ['\\d', '1', '٣'],
  ])('matches what it matches there: %s', (text, match, other) => {
    const expression = parseGoRegExp(text)
    expect([expression.test(match), expression.test(other)]).toEqual([true, false])
  })

  it.each([
    '(',
    'a**',
    '[b-a]',
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '[[:nonsense:]]',
    'a{1001}',
    '(a{999}){999}',
    'a{2,1}',
    'a++',
    '\\h',
    '\\e',
    '\\Z',
    '(?#x)',
    '(?<n>a)\\k<n>',
  ])('is refused where RE2 refuses it: %s', (text) => {
    expect(() => parseGoRegExp(text)).toThrow(InvalidValue)
  })

  it('is an expression or refused, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('()[]{}?*+\\^$.|:aQEpPLiz1<=!-')) }), (text) => {
        expect(outcome(() => parseGoRegExp(text))).toSatisfy((parsed) => parsed === 0 || parsed instanceof GoRegExp)
      }),
    )
  })

  it.each(['^https?://([^/]+\\.)*example\\.com/', '(a+)+b', '(a|a)*b', '(.*a){20}b'])(
    'is searched for in linear time: %s',
    (text) => {
      const expression = parseGoRegExp(text)
      expect(expression.test(`https://${'a.'.repeat(50_000)}b.example.com:x`)).toBeTypeOf('boolean')
      expect(expression.test('a'.repeat(100_000))).toBe(false)
    },
  )

  it('is shown as it was written', () => {
    expect(String(parseGoRegExp('a\\.(b|c)'))).toBe('a\\.(b|c)')
  })
})

describe('cipher suites', () => {
  it('have IANA’s names in the configuration and OpenSSL’s in the server', () => {
    expect(parseCipherSuite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')).toBe('ECDHE-RSA-AES128-GCM-SHA256')
    expect(() => parseCipherSuite('TLS_RSA_WITH_RC4_128_SHA')).toThrow('is not a cipher suite that is offered')
  })

  it('always have those of TLS 1.3 among them', () => {
    expect(cipherList(['ECDHE-RSA-AES128-GCM-SHA256'])).toBe(
      'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384',
    )
    expect(cipherList([])).toContain('ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384')
  })
})

describe('the nearest key', () => {
  it.each([
    ['adr', 'addr', 1],
    ['tsl', 'tls', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['same', 'same', 0],
  ])('is counted in letters: %s, %s', (from, to, distance) => {
    expect([editDistance(from, to), editDistance(to, from)]).toEqual([distance, distance])
  })

  it('is suggested only where it is near', () => {
    expect(nearest('Storage', ['storage', 'log'])).toBe('storage')
    expect(nearest('xyz', ['storage', 'log'])).toBeUndefined()
  })
})

/** What `parse` returns; 0 where it refuses. */
function outcome<T>(parse: () => T): T | 0 {
  try {
    return parse()
  } catch (error) {
    if (error instanceof InvalidValue) return 0
    throw error
  }
}
