import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { makeCertificate } from '@berth/configuration/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startBerth } from '../berth.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { until } from '../split/deployment.ts'
import { MountedSecret } from './mounted-secret.ts'
import { askOverTls, type CertificateFiles, makeAuthority, makeClient } from './openssl.ts'

type Pair = ReturnType<typeof makeCertificate>

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-tls-e2e-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** TLS ends at the process that clients reach, so one process is enough to see it. */
async function serve(folder: string, tls: object): Promise<RegistryProcess> {
  const settings = { http: { tls }, log: { level: 'info' } }
  const berth = await startBerth({ folder, settings, topology: 'all-in-one' })
  onTestFinished(async () => void (await berth.stop()))
  return berth
}

async function serveOwn(tls: object): Promise<RegistryProcess> {
  const folder = await newFolder()
  const { cert, key } = makeCertificate()
  const own = { certificate: join(folder, 'own.pem'), key: join(folder, 'own.key') }
  await writeFile(own.certificate, cert)
  await writeFile(own.key, key)
  return serve(folder, { ...own, ...tls })
}

/** A client that asks again and again on one connection. */
class Visitor {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number
  readonly #ca: string
  readonly #done: Promise<void>
  #isAsked = true
  served = 0
  connections = 0

  constructor(port: number, ca: string) {
    this.#port = port
    this.#ca = ca
    this.#done = this.#visit()
    this.#done.catch(() => undefined)
  }

  /** @throws Error what any request failed with */
  async stop(): Promise<void> {
    this.#isAsked = false
    await this.#done
    this.#agent.destroy()
  }

  async #visit(): Promise<void> {
    while (this.#isAsked) {
      const upload = await this.#send(202, 'POST', '/v2/load/blobs/uploads/')
      const location = upload.headers.location as string
      const body = Buffer.alloc(100_000, this.served)
      await this.#send(202, 'PATCH', location, body)
      await this.#send(204, 'DELETE', location)
      this.served++
    }
  }

  async #send(status: number, method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
    const outgoing = request({ host: '127.0.0.1', port: this.#port, method, path, agent: this.#agent, ca: this.#ca })
    outgoing.on('socket', () => void (this.connections += outgoing.reusedSocket ? 0 : 1))
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    if (response.statusCode !== status) throw new Error(`${method} ${path}: ${response.statusCode}`)
    return response
  }
}

async function shownBy(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const shown = socket.getPeerX509Certificate()?.toString()
  socket.destroy()
  return shown
}

describe('certificates', () => {
  it('are swapped while clients push, who do not notice; broken ones are not used', async () => {
    const folder = await newFolder()
    const pairs = Array.from({ length: 3 }, () => makeCertificate()) as [Pair, Pair, Pair]
    const [first, second, third] = pairs
    const secret = await MountedSecret.in(join(folder, 'secret'), { 'tls.crt': first.cert, 'tls.key': first.key })
    const swap = ({ cert, key }: Pair): Promise<void> => secret.swap({ 'tls.crt': cert, 'tls.key': key })
    const berth = await serve(folder, { certificate: secret.path('tls.crt'), key: secret.path('tls.key') })
    const lines = (message: string): number => berth.output().split(message).length - 1
    const untilTold = (message: string, times: number): Promise<true> =>
      until(message, async () => (lines(message) === times ? true : undefined))
    const visitors = Array.from({ length: 4 }, () => new Visitor(berth.port, first.cert))
    const allServed = async (): Promise<void> => {
      const before = visitors.map(({ served }) => served)
      await until('all are served on', async () =>
        visitors.every(({ served }, index) => served > (before[index] as number) + 1) ? true : undefined,
      )
    }
    await allServed()
    expect(await shownBy(berth.port)).toBe(first.cert)

    await swap(second)
    await untilTold('files were reloaded', 1)
    expect(await shownBy(berth.port)).toBe(second.cert)
    await allServed()

    await swap({ cert: third.cert, key: first.key })
    await untilTold('the new certificate and key do not match yet', 1)
    expect(await shownBy(berth.port)).toBe(second.cert)
    await allServed()

    await swap(third)
    await untilTold('files were reloaded', 2)
    expect(await shownBy(berth.port)).toBe(third.cert)
    await allServed()

    await Promise.all(visitors.map((visitor) => visitor.stop()))
    expect(visitors.map(({ connections }) => connections)).toEqual([1, 1, 1, 1])
    for (const { key } of pairs) expect(berth.output()).not.toContain(key.split('\n')[1])
  })
})

describe('OpenSSL as a client', () => {
  const anyCipher = ['-cipher', 'DEFAULT@SECLEVEL=0']

  it.each([
    ['tls1.2', ['-tls1_1', ...anyCipher], /protocol version|no protocols/],
    ['tls1.2', ['-tls1_2'], /TLSv1.2[^]*HTTP\/1.1 200 OK/],
    ['tls1.2', ['-tls1_3'], /TLSv1.3[^]*HTTP\/1.1 200 OK/],
    ['tls1.3', ['-tls1_2'], /protocol version/],
    ['tls1.3', ['-tls1_3'], /TLSv1.3[^]*HTTP\/1.1 200 OK/],
  ])('where minimumtls is %s, with %j', async (minimumtls, options, outcome) => {
    const { port } = await serveOwn({ minimumtls })
    expect(await askOverTls(port, ...options)).toMatch(outcome)
  })

  it('speaks the cipher suites that are configured, and no others below TLS 1.3', async () => {
    const { port } = await serveOwn({ ciphersuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] })
    const ask = (...options: string[]): Promise<string> => askOverTls(port, ...options)
    expect(await ask('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384')).toContain('HTTP/1.1 200 OK')
    expect(await ask('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256')).toContain('handshake failure')
    expect(await ask('-tls1_3')).toContain('HTTP/1.1 200 OK')
  })

  it('is served with a certificate of the CA, and a denial is logged without one, or with one of another', async () => {
    const folder = await newFolder()
    const authority = await makeAuthority(folder, 'ca')
    const [known, stranger] = [
      await makeClient(folder, 'known', authority),
      await makeClient(folder, 'stranger', await makeAuthority(folder, 'other')),
    ]
    const berth = await serveOwn({ clientcas: [authority.cert] })
    const ask = (files?: CertificateFiles): Promise<string> =>
      askOverTls(berth.port, ...(files === undefined ? [] : ['-cert', files.cert, '-key', files.key]))
    expect(await ask(known)).toContain('HTTP/1.1 200 OK')
    expect(berth.output()).not.toContain('access denied')
    expect(await ask()).toMatch(/alert certificate required/)
    expect(await ask(stranger)).not.toContain('HTTP/1.1')
    const denials = await until('both denials are told', async () => {
      const found = berth
        .output()
        .split('\n')
        .slice(0, -1) // of the last, all may not have come
        .filter((line) => line.includes('access denied'))
      return found.length === 2 ? found.map((line) => JSON.parse(line) as object) : undefined
    })
    const denial = { level: 'warn', reason: 'client certificate', remoteAddress: '127.0.0.1' }
    expect(denials).toMatchObject([
      { ...denial, detail: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' },
      { ...denial, detail: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    ])
  })
})
