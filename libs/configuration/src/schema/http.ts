import { validateHeaderName, validateHeaderValue } from 'node:http'
import { parseCidr } from '../values/cidr.ts'
import { parseCipherSuite } from '../values/cipher-suites.ts'
import type { ClientAuth } from '../values/client-auth.ts'
import { parseTcpAddress } from '../values/listen-address.ts'
import { InvalidValue } from '../problems.ts'
import { dictionary, list, section } from './node.ts'
import { isOn, stops, warns } from './not-yet.ts'
import { duration, flag, text, url, value } from './values.ts'

const second = 1000

const tls = section(
  { about: 'HTTPS; used if a certificate is given' },
  {
    certificate: text({ about: 'path of the certificate chain, PEM' }),
    keyFile: text({ key: 'key', about: 'path of its private key, PEM' }),
    clientCas: list(
      { about: 'CAs of client certificates; if given, clients must present a certificate' },
      text({ about: 'a path' }),
    ),
    clientAuth: value(
      'request-client-cert, require-any-client-cert, verify-client-cert-if-given or require-and-verify-client-cert',
      {
        defaultNote: 'require-and-verify-client-cert',
        about: 'how client certificates are requested and verified, if clientcas is given',
      },
      clientAuth,
    ),
    minimumTls: value(
      'tls1.2 or tls1.3',
      { default: 'TLSv1.2', defaultText: 'tls1.2', about: 'minimum TLS version' },
      tlsVersion,
    ),
    cipherSuites: list(
      { about: 'cipher suites below TLS 1.3, by IANA name; default: ECDHE with AES-GCM or ChaCha20' },
      value('suite', { about: 'a name' }, parseCipherSuite),
    ),
    letsEncrypt: section(
      stops(
        'certificates by ACME',
        'certificates from Let’s Encrypt are not supported yet: give a certificate and key',
      ),
      {
        cacheFile: text({ about: 'path of the certificate cache' }),
        email: text({ about: 'e-mail address for the CA' }),
        hosts: list({ about: 'host names of the certificates' }, text({ about: 'a name' })),
        directoryUrl: text({ about: 'URL of the ACME server' }),
      },
    ),
  },
)

export const http = section(
  { about: 'the API’s server' },
  {
    addr: text({ default: ':5000', about: 'listen address of the API: host:port, :port, or the path of a socket' }),
    net: value('tcp or unix', { default: 'tcp', about: 'whether addr is an address or the path of a socket' }, network),
    host: url({ about: 'the registry’s external URL, for absolute Location headers' }),
    prefix: value('path', { default: '/', about: 'path prefix of the API’s paths' }, pathPrefix),
    secret: text({ secret: true, about: 'the key of upload tokens, if uploads.keys is not given' }),
    relativeUrls: flag({ defaultNote: 'true unless host is set', about: 'Location headers are paths' }),
    drainTimeoutMs: duration({
      default: 30 * second,
      about: 'maximum time for running requests to finish after SIGTERM',
    }),
    stallTimeoutMs: duration({
      default: 60 * second,
      minMs: 1,
      own: true,
      about: 'timeout after which a request without progress is closed',
    }),
    keepAliveMs: duration({
      default: 75 * second,
      minMs: 1,
      own: true,
      about: 'maximum idle time of a client connection',
    }),
    trustedProxies: list(
      { own: true, about: 'proxies whose Forwarded, X-Forwarded-* and X-Real-IP headers are trusted' },
      value('CIDR', { about: 'addresses' }, parseCidr),
    ),
    headers: dictionary(
      { about: 'headers to add to every API response that does not have them' },
      list({ about: 'values' }, value('text', { about: 'a value' }, headerValue)),
    ),
    tls,
    debug: section(
      { about: 'the second listener: health and metrics' },
      {
        addr: value(
          'host:port or off',
          {
            default: parseTcpAddress('127.0.0.1:5001'),
            defaultText: '127.0.0.1:5001',
            about: 'listen address for health and metrics',
          },
          debugAddress,
        ),
        prometheus: section(
          { about: 'metrics' },
          {
            enabled: flag({ default: true, about: 'metrics are collected and served' }),
            path: value('path', { default: '/metrics', about: 'the path of the metrics' }, absolutePath),
          },
        ),
      },
    ),
    http2: section(
      { about: 'HTTP/2, which is not offered' },
      { disabled: flag({ default: false, about: 'accepted for compatibility; HTTP/2 is never offered' }) },
    ),
    h2c: section(
      { about: 'HTTP/2 without TLS' },
      { enabled: flag(warns('HTTP/2 without TLS', 'is not supported: the server speaks only HTTP/1.1', isOn)) },
    ),
  },
)

function network(written: string): 'tcp' | 'unix' {
  if (written === 'tcp') return 'tcp'
  if (written === 'unix') return 'unix'
  throw new InvalidValue('unknown address type')
}

function clientAuth(written: string): Exclude<ClientAuth, 'none'> {
  switch (written) {
    case 'request-client-cert':
    case 'require-any-client-cert':
    case 'verify-client-cert-if-given':
    case 'require-and-verify-client-cert':
      return written
    default:
      throw new InvalidValue('is not a way to authenticate clients')
  }
}

function tlsVersion(written: string, warn: (message: string) => void): 'TLSv1.2' | 'TLSv1.3' {
  if (written === 'tls1.3') return 'TLSv1.3'
  if (written === 'tls1.0' || written === 'tls1.1') warn(`${written} is no longer supported: the minimum is tls1.2`)
  else if (written !== 'tls1.2') {
    throw new InvalidValue('unknown minimum TLS level: tls1.2 or tls1.3')
  }
  return 'TLSv1.2'
}

function pathPrefix(written: string): string {
  if (/^\/(?:[^/\s?#]+\/)*$/.test(written)) return written
  throw new InvalidValue('does not begin and end with /')
}

function absolutePath(written: string): string {
  if (/^\/[^\s?#]*$/.test(written)) return written
  throw new InvalidValue('does not begin with /')
}

function headerValue(written: string): string {
  try {
    validateHeaderValue('X-Configured', written)
  } catch (error) {
    throw new InvalidValue('cannot be the value of a header', { cause: error })
  }
  return written
}

/** Whether it can be the name of a header. */
export function isHeaderName(name: string): boolean {
  try {
    validateHeaderName(name)
    return true
  } catch {
    return false
  }
}

function debugAddress(written: string): ReturnType<typeof parseTcpAddress> | 'off' {
  return written === 'off' ? 'off' : parseTcpAddress(written)
}
