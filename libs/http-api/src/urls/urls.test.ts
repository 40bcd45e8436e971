import { describe, expect, it } from 'vitest'
import { type Arrival, Urls } from './urls.ts'

const anyone = [
  { address: '0.0.0.0', prefix: 0, family: 'ipv4' },
  { address: '::', prefix: 0, family: 'ipv6' },
] as const
const nobody = { prefix: '/', host: undefined, relativeUrls: false, trustedProxies: [] }
const proxied = { ...nobody, trustedProxies: anyone }

function requestWith(headers: Record<string, string>, socket: Arrival['socket'] = {}): Arrival {
  return { headers: { host: 'example.com', ...headers }, socket: { remoteAddress: '10.0.0.1', ...socket } }
}

describe('an absolute URL, behind a proxy that is believed', () => {
  it.each<[string, Record<string, string>, string?]>([
    ['http://example.com', {}],
    ['http://example.com', { 'x-custom-forwarded-proto': 'https' }],
    ['http://example.com', { 'x-forwarded-port': '443 , 5001' }],
    ['https://example.com', { 'x-forwarded-proto': 'https' }],
    ['http://first.example.com', { 'x-forwarded-host': 'first.example.com, proxy1.example.com' }],
    [
      'https://third.example.com:5000',
      { 'x-forwarded-host': 'first.example.com, proxy1.example.com' },
      'https://third.example.com:5000',
    ],
    ['http://first.example.com:443', { 'x-forwarded-host': 'first.example.com:443' }],
    [
      'https://example.com',
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com', 'x-forwarded-port': '443' },
    ],
    [
      'https://first.example.com:12345',
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': ' first.example.com:12345 ' },
    ],
    ['https://192.168.22.30:80', { forwarded: 'proto=https;host="192.168.22.30:80"' }],
    ['http://reg.example.com:5000', { forwarded: 'host="reg.example.com:5000";for="192.168.22.30"' }],
    // Node joins the lines of a header that may have several.
    [
      'http://reg.example.com:88',
      { forwarded: 'host="reg.example.com:88";proto=http, host=reg.example.com;proto=https' },
    ],
    [
      'https://reg.example.com:443',
      { forwarded: 'host="reg.example.com:443";proto=https, host="reg.example.com:80";proto=http' },
    ],
    [
      'http://[2607:f0d0:1002:51::4]:5001',
      { forwarded: 'for="2607:f0d0:1002:51::4";host="[2607:f0d0:1002:51::4]:5001"', 'x-forwarded-port': '5002' },
    ],
    [
      'https://first.example.com',
      {
        forwarded: 'host=first.example.com;proto=https',
        'x-forwarded-host': 'x.example.com',
        'x-forwarded-proto': 'http',
      },
    ],
    ['http://example.com', { forwarded: 'for=192.0.2.1', 'x-forwarded-proto': 'https' }],
    ['http://example.com', { forwarded: 'host="unclosed', 'x-forwarded-host': 'x.example.com' }],
  ])('begins with %s for %j', (root, headers, host) => {
    const urls = new Urls({ ...proxied, host })
    expect(urls.url(requestWith(headers), '')).toBe(`${root}/v2/`)
  })
})

describe('a URL', () => {
  it('is a path unless the configuration says otherwise', () => {
    const urls = new Urls({ ...proxied, relativeUrls: true })
    expect(urls.url(requestWith({ 'x-forwarded-proto': 'https' }), 'foo/blobs/uploads/1')).toBe(
      '/v2/foo/blobs/uploads/1',
    )
  })

  it('is absolute where a host is configured', () => {
    const urls = new Urls({ ...nobody, relativeUrls: true, host: 'https://registry.example.com/' })
    expect(urls.url(requestWith({}), 'foo/x')).toBe('https://registry.example.com/v2/foo/x')
  })

  it('keeps the prefix', () => {
    expect(new Urls({ ...nobody, prefix: '/test/' }).url(requestWith({}), 'foo/x')).toBe(
      'http://example.com/test/v2/foo/x',
    )
  })

  it('has its query form-encoded, in the order of its keys', () => {
    const query = { size: '10000', digest: 'sha256:ab', _state: 'a b/c=' }
    expect(new Urls({ ...nobody, relativeUrls: true }).url(requestWith({}), 'foo/x', query)).toBe(
      '/v2/foo/x?_state=a+b%2Fc%3D&digest=sha256%3Aab&size=10000',
    )
  })

  it('is an https one on a connection with TLS', () => {
    expect(new Urls(nobody).url(requestWith({}, { encrypted: true }), '')).toBe('https://example.com/v2/')
  })

  it.each([undefined, '', 'evil"<x>', 'a b', 'user@host', 'host/path', 'host:port', '[::1'])(
    'is a path where the client says that it asks the host %j',
    (host) => {
      const arrival = { headers: host === undefined ? {} : { host }, socket: { remoteAddress: '10.0.0.1' } }
      expect(new Urls(nobody).url(arrival, 'foo/x')).toBe('/v2/foo/x')
    },
  )

  it.each<[string, Record<string, string>]>([
    ['http://example.com', { 'x-forwarded-proto': 'javascript' }],
    ['http://example.com', { forwarded: 'proto=javascript' }],
    ['https://example.com', { 'x-forwarded-proto': 'HTTPS' }],
    ['http://example.com', { 'x-forwarded-host': 'evil"<x>' }],
    ['http://example.com', { forwarded: 'host="a b"' }],
  ])('begins with %s for %j, whatever a proxy passes on', (root, headers) => {
    expect(new Urls(proxied).url(requestWith(headers), '')).toBe(`${root}/v2/`)
  })

  it('believes no peer that is not a trusted proxy', () => {
    const headers = { forwarded: 'host=evil.example.com', 'x-forwarded-host': 'evil.example.com' }
    expect(new Urls(nobody).url(requestWith(headers), '')).toBe('http://example.com/v2/')
  })
})
