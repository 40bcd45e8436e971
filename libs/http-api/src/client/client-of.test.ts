import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientOf } from './client-of.ts'
import { trustedPeers } from './trusted-proxies.ts'

const isTrusted = trustedPeers([
  { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { address: 'fd00::', prefix: 8, family: 'ipv6' },
])

const client = (headers: Record<string, string>, remoteAddress: string | undefined = '10.0.0.1'): string =>
  clientOf({ headers, socket: { remoteAddress } }, isTrusted)

describe('the client of a request that comes without a trusted proxy', () => {
  it.each<[string | undefined, string]>([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, ''],
  ])('at the peer %s is %s, whatever its headers say', (peer, expected) => {
    const invented = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' }
    expect(clientOf({ headers: invented, socket: { remoteAddress: peer } }, isTrusted)).toBe(expected)
  })
})

describe('the client that X-Forwarded-For names', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    [' 203.0.113.9 ', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['"203.0.113.9:4711"', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['[::ffff:203.0.113.9]:80', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:0DB8:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1:4711', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('as %j is %s', (header, expected) => {
    expect(client({ 'x-forwarded-for': header })).toBe(expected)
  })

  it.each([
    ['the last that is not a trusted proxy', '192.0.2.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['the same where lists have empty elements', ',192.0.2.1,,203.0.113.9 , ,10.0.0.2,', '203.0.113.9'],
    ['the first where all are trusted proxies', '10.1.2.3, fd00::7, 10.0.0.2:80', '10.1.2.3'],
    ['the last known proxy where that names no address', '203.0.113.9, unknown, 10.0.0.2', '10.0.0.2'],
    ['the peer where the last element is no address', '203.0.113.9, 1.2.3', '10.0.0.1'],
    ['read after what the client invented', 'for="x, [, 203.0.113.9', '203.0.113.9'],
    ['the peer where nothing is named', '', '10.0.0.1'],
  ])('is %s', (_, header, expected) => {
    expect(client({ 'x-forwarded-for': header })).toBe(expected)
  })

  it('is the same for a proxy that is shown as IPv6', () => {
    expect(client({ 'x-forwarded-for': '203.0.113.9' }, '::ffff:10.0.0.1')).toBe('203.0.113.9')
  })

  it('counts more than what Forwarded and X-Real-IP say, which many proxies pass on unread', () => {
    const invented = { forwarded: 'for=192.0.2.1', 'x-real-ip': '192.0.2.1' }
    expect(client({ ...invented, 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9')
  })
})

describe('the client that Forwarded names', () => {
  it.each([
    ['for=203.0.113.9', '203.0.113.9'],
    ['For="203.0.113.9:4711";proto=https;by=10.0.0.1', '203.0.113.9'],
    ['for="203.0.113.9:_port"', '203.0.113.9'],
    ['for="[2001:db8:cafe::17]"', '2001:db8:cafe::17'],
    ['for="[2001:db8:cafe::17]:4711" , for=10.0.0.2', '2001:db8:cafe::17'],
    ['for=192.0.2.1,for=203.0.113.9;host="a,b", for=10.0.0.2', '203.0.113.9'],
    ['for=10.1.2.3, for="[fd00::7]"', '10.1.2.3'],
    ['for=203.0.113.9, for=unknown', '10.0.0.1'],
    ['for=203.0.113.9, for=_hidden, for=10.0.0.2', '10.0.0.2'],
    ['for=203.0.113.9, proto=https', '10.0.0.1'],
    ['for="192.0.2.1, for=203.0.113.9', '203.0.113.9'],
    ['for=192.0.2.1;x=", for="203.0.113.9"', '203.0.113.9'],
    ['for=203.0.113.9;for=192.0.2.1', '10.0.0.1'],
  ])('as %j is %s', (header, expected) => {
    expect(client({ forwarded: header })).toBe(expected)
  })
})

describe('the client of a request', () => {
  it('is the one that X-Real-IP names, where no other header does', () => {
    expect(client({ 'x-real-ip': '203.0.113.9' })).toBe('203.0.113.9')
    expect(client({ 'x-real-ip': 'nonsense' })).toBe('10.0.0.1')
  })

  it('is looked for behind 32 proxies at most, however many are named', () => {
    expect(client({ 'x-forwarded-for': `203.0.113.9${', 10.0.0.2'.repeat(31)}` })).toBe('203.0.113.9')
    expect(client({ 'x-forwarded-for': `203.0.113.9${', 10.0.0.2'.repeat(32)}` })).toBe('10.0.0.2')
  })

  it('is the last that trusted proxies wrote, whatever a client wrote before it', () => {
    const unit = fc.constantFrom('"', '\\', ',', ';', '=', ' ', '[', ']', ':', 'for=', '10.0.0.1', '192.0.2.1')
    const invented = fc.string({ unit, maxLength: 50 })
    fc.assert(
      fc.property(invented, (text) => {
        expect(client({ 'x-forwarded-for': `${text}, 203.0.113.9, 10.0.0.2` })).toBe('203.0.113.9')
        expect(client({ forwarded: `${text}, for="203.0.113.9:80";proto=https, for=10.0.0.2` })).toBe('203.0.113.9')
      }),
    )
  })
})
