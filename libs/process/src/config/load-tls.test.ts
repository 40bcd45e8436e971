import { generateKeyPairSync, sign } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type ConnectionOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { cipherList, parseCipherSuite } from './cipher-suites.ts'
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
  it('serves what the files hold', async () => {
    expect(await handshake({}, {})).toBe('TLSv1.3')
  })

  it('refuses a version below the minimum', async () => {
    expect(await handshake({ minimumVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })).toBe('refused')
  })

  it('refuses a client that offers none of its suites', async () => {
    const only = { ciphers: cipherList([parseCipherSuite('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')]) }
    const client = (ciphers: string): ConnectionOptions => ({ ciphers, maxVersion: 'TLSv1.2' })
    expect(await handshake(only, client('ECDHE-ECDSA-AES128-GCM-SHA256'))).toBe('TLSv1.2')
    expect(await handshake(only, client('ECDHE-ECDSA-CHACHA20-POLY1305'))).toBe('refused')
  })

  it('asks for a client’s certificate, and refuses one of nobody that it trusts', async () => {
    const required = { clientCaFiles: ['cert'], clientAuth: 'require-and-verify-client-cert' } as const
    expect(await handshake(required, { cert: own.cert, key: own.key })).toBe('TLSv1.3')
    expect(await handshake(required, {})).toBe('refused')
    expect(await handshake(required, { cert: other.cert, key: other.key })).toBe('refused')
    expect(await handshake({ ...required, clientAuth: 'request-client-cert' }, {})).toBe('TLSv1.3')
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

/** @returns the version that client and server agreed on, or `refused` */
async function handshake(changes: Partial<TlsConfig>, client: ConnectionOptions): Promise<string> {
  const { ca, ...options } = loadTls({ ...config, ...changes }, readFile)
  const server = createServer({ ...options, ...(ca && { ca: [...ca] }) }, (socket) => socket.end('x'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const outcome = await new Promise<string>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: own.cert, ...client })
    socket.once('error', () => resolve('refused'))
    // In TLS 1.3 the client is done before the server has judged its certificate: only data proves it was accepted.
    socket.once('data', () => resolve(socket.getProtocol() ?? ''))
    socket.once('close', () => resolve('refused'))
  })
  await new Promise((resolve) => server.close(resolve))
  return outcome
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
