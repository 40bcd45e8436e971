import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cipherList } from './cipher-suites.ts'
import type { TlsConfig } from './config.ts'
import { loadTls } from './load-tls.ts'

const own = selfSigned()
const other = selfSigned()
const files: Readonly<Record<string, string>> = { cert: own.cert, key: own.key, otherKey: other.key, empty: '' }

const config: TlsConfig = {
  certificateFile: 'cert',
  keyFile: 'key',
  clientCaFiles: [],
  clientAuth: 'none',
  minimumVersion: 'TLSv1.2',
  ciphers: cipherList([]),
}

describe('TLS', () => {
  it('is what the files hold', () => {
    const changes = { clientCaFiles: ['cert'], clientAuth: 'require-and-verify-client-cert' } as const
    expect(loadTls({ ...config, ...changes }, readFile)).toEqual({
      cert: own.cert,
      key: own.key,
      minVersion: 'TLSv1.2',
      ciphers: config.ciphers,
      clientCas: [own.cert],
      clientAuth: 'require-and-verify-client-cert',
    })
  })

  it.each([
    [
      'a file that is not there',
      { certificateFile: 'nowhere', keyFile: 'nothing' },
      /certificate: cannot be read[^]*key: cannot be read/,
    ],
    [
      'a key of another certificate',
      { keyFile: 'otherKey' },
      /http\.tls: the certificate, its key or the CAs cannot be used/,
    ],
    ['a file that holds nothing', { keyFile: 'empty' }, /http\.tls\.key: empty is empty/],
  ])('is known to be unusable before anything listens: %s', (_, changes, message) => {
    expect(() => loadTls({ ...config, ...changes }, readFile)).toThrow(message)
  })
})

function readFile(path: string): string {
  const text = files[path]
  if (text === undefined) throw new Error(`no file ${path}`)
  return text
}

/** A certificate for localhost that signs itself, valid from 2000 to 2099. */
function selfSigned(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const name = der(
    0x30,
    der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('localhost')))),
  )
  const validity = der(0x30, der(0x17, Buffer.from('000101000000Z')), der(0x18, Buffer.from('20991231000000Z')))
  const altName = der(0x30, der(0x82, Buffer.from('localhost')))
  const extension = der(0x30, der(0x06, Buffer.from('551d11', 'hex')), der(0x04, altName))
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, privateKey))
  const body = der(0x30, tbs, ecdsaWithSha256, signature).toString('base64')
  const cert = `-----BEGIN CERTIFICATE-----\n${body.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
