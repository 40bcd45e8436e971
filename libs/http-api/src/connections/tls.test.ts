import { EventEmitter, once } from 'node:events'
import { Agent, request, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { type ClientAuth, Secret, type ServerTls } from '@berth/configuration'
import { makeCertificate } from '@berth/configuration/testing'
import type { BlobUploads, Upload } from '@berth/uploads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'
import { noBlobs, uploadsThat } from '../test-services.ts'

const own = makeCertificate()
const defaults: ServerTls = {
  files: {
    certificateFile: 'cert',
    keyFile: 'key',
    clientCaFiles: [],
    clientAuth: 'none',
    minimumVersion: 'TLSv1.2',
    ciphers: 'HIGH',
  },
  cert: own.cert,
  key: new Secret(own.key),
  minVersion: 'TLSv1.2',
  ciphers: 'HIGH',
  clientCas: [],
  clientAuth: 'none',
}

async function serve(tls: Partial<ServerTls> = {}, settings: Partial<HttpApiSettings> = {}) {
  const append: BlobUploads['append'] = async (_, { content }): Promise<Upload> => {
    let offset = 0
    for await (const chunk of content) offset += chunk.byteLength
    return { id: '1', offset, state: 's' }
  }
  const told = new EventEmitter<{ warn: [object]; refused: [string] }>()
  const expiries: Date[] = []
  const server = new HttpApiServer({
    services: {
      blobs: noBlobs,
      uploads: uploadsThat(append),
    },
    settings: { ...testSettings, relativeUrls: false, lingerTimeoutMs: 1, ...settings },
    log: {
      debug() {},
      info() {},
      warn: (fields, message) => told.emit('warn', { ...fields, message }),
      error() {},
      isLevelEnabled: () => false,
    },
    metrics: {
      inFlight() {},
      observe() {},
      refused: (reason) => told.emit('refused', reason),
      certificateExpires: (at) => expiries.push(at),
    },
  })
  const used = { ...defaults, ...tls }
  const { port } = (await server.listen({ port: 0, host: '127.0.0.1' }, used)) as AddressInfo
  onTestFinished(() => server.close(1000))
  const send = async (options: RequestOptions, body?: Buffer): Promise<IncomingMessage & { text: string }> => {
    const agent = new Agent({ keepAlive: false })
    const outgoing = request({ host: '127.0.0.1', port, ca: own.cert, agent, ...options })
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string
    return Object.assign(response, { text })
  }
  return {
    server,
    port,
    send,
    told,
    expiries,
    renew: (changes: Partial<ServerTls>) => server.renew({ ...used, ...changes }),
  }
}

describe('over TLS', () => {
  it('the API is served', async () => {
    const { send } = await serve()
    expect(await send({ path: '/v2/' })).toMatchObject({ statusCode: 200, text: '{}' })
  })

  it('bodies arrive, and URLs are https', async () => {
    const { port, send } = await serve()
    const path = '/v2/foo/blobs/uploads/1'
    const response = await send({ method: 'PATCH', path }, Buffer.alloc(1_000_000))
    expect(response.headers).toMatchObject({
      range: '0-999999',
      location: `https://127.0.0.1:${port}/v2/foo/blobs/uploads/1?_state=s`,
    })
  })

  it('a refusal reaches a client that is still sending', async () => {
    const { send } = await serve()
    const response = await send({ method: 'PATCH', path: '/v2/FOO/blobs/uploads/1' }, Buffer.alloc(4_000_000))
    expect(response.statusCode).toBe(400)
    expect(response.text).toContain('NAME_INVALID')
  })

  it('an old version is refused', async () => {
    const { port } = await serve({ minVersion: 'TLSv1.3' })
    const socket = connect({ port, host: '127.0.0.1', ca: own.cert, maxVersion: 'TLSv1.2' })
    await expect(once(socket, 'secureConnect')).rejects.toThrow('protocol version')
  })

  it('only the configured ciphers are spoken', async () => {
    const { port } = await serve({ ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })
    const shake = async (ciphers: string): Promise<string> => {
      const options = { port, host: '127.0.0.1', ca: own.cert, maxVersion: 'TLSv1.2', ciphers } as const
      const socket = connect(options)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'secureConnect')
      return socket.getCipher().name
    }
    expect(await shake('ECDHE-ECDSA-AES256-GCM-SHA384')).toBe('ECDHE-ECDSA-AES256-GCM-SHA384')
    await expect(shake('ECDHE-ECDSA-AES128-GCM-SHA256')).rejects.toThrow('handshake failure')
  })

  const known = makeCertificate()
  const stranger = makeCertificate()

  it.each<[ClientAuth, none: boolean, strange: boolean]>([
    ['none', true, true],
    ['request-client-cert', true, true],
    ['require-any-client-cert', false, true],
    ['verify-client-cert-if-given', true, false],
    ['require-and-verify-client-cert', false, false],
  ])('with %s, no certificate is good enough: %s; one of a stranger: %s', async (clientAuth, none, strange) => {
    const { send } = await serve({ clientCas: [known.cert], clientAuth })
    const isServed = (certificate: { cert?: string; key?: string }): Promise<boolean> =>
      send({ path: '/v2/', ...certificate }).then(
        ({ statusCode }) => statusCode === 200,
        () => false,
      )
    expect(await isServed(known)).toBe(true)
    expect([await isServed({}), await isServed(stranger)]).toEqual([none, strange])
  })

  it.each<[string, ClientAuth, object, string]>([
    ['none', 'require-and-verify-client-cert', {}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['none', 'require-any-client-cert', {}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['one of a stranger', 'require-and-verify-client-cert', stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['one of a stranger', 'verify-client-cert-if-given', stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('a client certificate that is not good enough is a denial: %s with %s', async (_, clientAuth, shown, detail) => {
    const { port, told } = await serve({ clientCas: [known.cert], clientAuth })
    const line = once(told, 'warn')
    const counted = once(told, 'refused')
    const socket = connect({ port, host: '127.0.0.1', ca: own.cert, ...shown })
    socket.on('error', () => undefined)
    expect(await line).toEqual([
      { reason: 'client certificate', detail, remoteAddress: '127.0.0.1', message: 'access denied' },
    ])
    expect(await counted).toEqual(['client certificate'])
  })

  it('a handshake that fails is counted', async () => {
    const { port, told } = await serve({ minVersion: 'TLSv1.3' })
    const counted = once(told, 'refused')
    connect({ port, host: '127.0.0.1', maxVersion: 'TLSv1.2' }).on('error', () => undefined)
    expect(await counted).toEqual(['TLS'])
  })

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT'])(
    'a client that sends %s without TLS is told so, and its connection ends',
    async (method) => {
      const { port, told } = await serve()
      const counted = once(told, 'refused')
      const plain = connectTcp(port, '127.0.0.1')
      plain.write(`${method} /v2/ HTTP/1.1\r\nHost: x\r\n\r\n`)
      const text = Buffer.concat(await plain.toArray()).toString()
      expect(text).toBe('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n')
      expect(await counted).toEqual(['TLS'])
    },
  )

  it('a client that sends a large body without TLS is told so', async () => {
    const { port } = await serve()
    const plain = connectTcp(port, '127.0.0.1')
    plain.on('error', () => undefined)
    const answered = once(plain, 'data')
    plain.write(`PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(5_000_000)}`)
    const [first] = (await answered) as [Buffer]
    expect(String(first)).toContain('Client sent an HTTP request to an HTTPS server.')
    plain.destroy()
  })

  it('a handshake that does not come ends its connection', async () => {
    const { port, told } = await serve({}, { headTimeoutMs: 50 })
    const counted = once(told, 'refused')
    const silent = connectTcp(port, '127.0.0.1')
    silent.write('GE')
    await once(silent.resume(), 'close')
    expect(await counted).toEqual(['TLS'])
  })

  it('connections count against the limits until they close, and idle ones give way', async () => {
    const { port, told } = await serve({}, { maxConnectionsOfNetwork: 2 })
    const refused: string[] = []
    told.on('refused', (reason) => refused.push(reason))
    const open = async (): Promise<TLSSocket> => {
      const socket = connect({ port, host: '127.0.0.1', ca: own.cert })
      socket.on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'secureConnect')
      return socket.resume()
    }
    const isClosed = once(await open(), 'close')
    await open()
    await open()
    await isClosed
    expect(refused).toEqual(['too many connections'])
    const late = await serve({}, { maxConnectionsOfNetwork: 1 })
    late.told.on('refused', (reason) => refused.push(reason))
    for (let at = 0; at < 3; at++) expect((await late.send({ path: '/v2/' })).statusCode).toBe(200)
    expect(refused).toEqual(['too many connections'])
  })

  it('what is not TLS is turned away, and closing does not wait for those who say nothing', async () => {
    const { server, port } = await serve()
    const plain = connectTcp(port, '127.0.0.1')
    plain.on('error', () => undefined).resume()
    plain.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(plain, 'close')
    const silent = connectTcp(port, '127.0.0.1')
    silent.on('error', () => undefined)
    await once(silent, 'connect')
    const secure = connect({ port, host: '127.0.0.1', ca: own.cert })
    secure.on('error', () => undefined)
    await once(secure, 'secureConnect')
    await server.close(60_000)
    expect(server).toBeDefined()
  })
})

describe('a certificate that is renewed', () => {
  const next = makeCertificate()
  const client = makeCertificate()
  const nextClient = makeCertificate()
  const changed = { cert: next.cert, key: new Secret(next.key) }

  async function open(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({ port, host: '127.0.0.1', ca: own.cert, ...options })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }

  /** Asks on a connection that is open, and leaves it open. */
  async function ask(socket: TLSSocket): Promise<string> {
    socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')
    const gone = once(socket, 'close').then(() => Promise.reject(new Error('socket hang up')))
    const [answer] = (await Promise.race([once(socket, 'data'), gone])) as [Buffer]
    gone.catch(() => undefined)
    return answer.toString().slice(0, 15)
  }

  it('is shown to new connections, and those that are there go on', async () => {
    const { port, renew, expiries } = await serve()
    const before = await open(port)
    expect(await ask(before)).toBe('HTTP/1.1 200 OK')
    renew(changed)
    const after = await open(port, { ca: next.cert })
    expect([before, after].map((socket) => socket.getPeerX509Certificate()?.toString())).toEqual([own.cert, next.cert])
    expect([await ask(before), await ask(after)]).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
    expect(expiries).toEqual([new Date('2100-01-01T00:00:00Z'), new Date('2100-01-01T00:00:00Z')])
  })

  it('leaves a body that is on its way alone', async () => {
    const { port, send, renew } = await serve()
    const socket = await open(port)
    const size = 3_000_000
    socket.write(`PATCH /v2/foo/blobs/uploads/1 HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size / 2))
    renew(changed)
    expect((await send({ path: '/v2/', ca: next.cert })).statusCode).toBe(200)
    socket.write(Buffer.alloc(size / 2))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 202 [^]*Range: 0-2999999/)
  })

  it('keeps the minimum version and the ciphers', async () => {
    const { port, renew } = await serve({ minVersion: 'TLSv1.3' })
    renew({ ...changed, minVersion: 'TLSv1.3' })
    await expect(open(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'comes with CAs that also count for sessions which began before: %s',
    async (maxVersion) => {
      const clientAuth = 'require-and-verify-client-cert'
      const { port, renew } = await serve({ clientCas: [client.cert], clientAuth })
      const options = { ...client, maxVersion, ca: own.cert }
      const first = connect({ port, host: '127.0.0.1', ...options })
      let session: Buffer | undefined
      first.on('session', (given: Buffer) => (session = given))
      await once(first, 'secureConnect')
      await ask(first)
      first.destroy()
      const resumed = await open(port, { ...options, session })
      expect([resumed.isSessionReused(), await ask(resumed)]).toEqual([true, 'HTTP/1.1 200 OK'])
      renew({ ...changed, clientCas: [nextClient.cert] })
      const withdrawn = open(port, { ...options, ca: next.cert, session }).then(ask)
      await expect(withdrawn).rejects.toThrow(/ECONNRESET|disconnected|socket hang up/)
      const welcome = await open(port, { ...nextClient, maxVersion, ca: next.cert })
      expect(await ask(welcome)).toBe('HTTP/1.1 200 OK')
    },
  )
})
