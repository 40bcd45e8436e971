import { once } from 'node:events'
import { Agent, request, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { type ClientAuth, Secret, type ServerTls } from '@berth/process'
import { makeCertificate } from '@berth/process/test-certificate'
import type { BlobUploads, Upload } from '@berth/uploads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
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

async function serve(tls: Partial<ServerTls> = {}) {
  const append: BlobUploads['append'] = async (_, { content }): Promise<Upload> => {
    let offset = 0
    for await (const chunk of content) offset += chunk.byteLength
    return { id: '1', offset, state: 's' }
  }
  const server = new HttpApiServer({
    services: {
      blobs: noBlobs,
      uploads: uploadsThat(append),
    },
    settings: { relativeUrls: false, lingerTimeoutMs: 1 },
    log: { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false },
  })
  const { port } = (await server.listen({ port: 0, host: '127.0.0.1' }, { ...defaults, ...tls })) as AddressInfo
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
  return { server, port, send }
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
