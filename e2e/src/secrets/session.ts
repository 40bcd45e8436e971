import { once } from 'node:events'
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { text } from 'node:stream/consumers'
import { contentOf, imageNamed } from '../flow-player/content.ts'
import type { Secrets } from './secrets.ts'

const hello = contentOf('hello world')
const image = imageNamed('secrets')

/** What a client sends. */
interface Sent {
  readonly authorization?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** A client, and all that a registry told it but for where its uploads are, which it must be told. */
export class Session {
  readonly #port: number
  /** Of the server, where it speaks TLS. */
  readonly #ca: string | undefined
  readonly #secrets: Secrets
  readonly #statuses = new Set<number>()
  told = ''

  constructor(port: number, secrets: Secrets, ca?: string) {
    this.#port = port
    this.#secrets = secrets
    this.#ca = ca
  }

  /** Of all answers. */
  get statuses(): readonly number[] {
    return [...this.#statuses].toSorted((a, b) => a - b)
  }

  /** Pushes and pulls, and does much of it wrong. @param authorization one that may do everything in `team` */
  async play(authorization: string, others: readonly string[]): Promise<void> {
    const as = (more: Sent = {}): Sent => ({ authorization, ...more })
    await this.send('GET', '/v2/')
    for (const other of others) {
      await this.send('GET', '/v2/team/app/tags/list', { authorization: other })
      await this.send('PUT', `/v2/team/app/manifests/v1`, { authorization: other, body: '{}' })
    }
    await this.#push(authorization)
    await this.send('GET', '/v2/team/app/manifests/v1', as())
    await this.send('GET', '/v2/team/app/manifests/none', as())
    await this.send('GET', '/v2/FOO/tags/list', as())
    await this.send('PUT', '/v2/team/app/manifests/v2', as({ body: '{"schemaVersion":' }))
    await this.send('BREW', '/v2/', as()).catch(() => undefined)
    await this.#uploadWrongly(authorization)
    await this.#sendRaw(
      `GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nX: ${'x'.repeat(100_000)}\r\n`,
    )
    await this.#sendRaw(`GET /v2/ HTTP/1.1\r\nAuthorization: ${authorization}\r\nno header\r\n\r\n`)
  }

  async #push(authorization: string): Promise<void> {
    for (const { bytes, digest } of [hello, image.config, ...image.layers]) {
      const at = await this.#start(authorization)
      const patched = await this.send('PATCH', at, { authorization, body: bytes })
      await this.send('PUT', `${patched.location}&digest=${digest}`, { authorization })
    }
    const headers = { 'Content-Type': image.mediaType }
    await this.send('PUT', '/v2/team/app/manifests/v1', { authorization, headers, body: image.manifest.bytes })
  }

  /** Each with an upload's token in its URL. */
  async #uploadWrongly(authorization: string): Promise<void> {
    const start = (): Promise<string> => this.#start(authorization)
    const body = hello.bytes
    await this.send('GET', await start(), { authorization })
    await this.send('DELETE', await start(), { authorization })
    await this.send('PUT', `${await start()}&digest=${image.config.digest}`, { authorization, body })
    await this.send('PUT', `${await start()}&digest=sha256:short`, { authorization, body })
    await this.send('PATCH', await start(), { authorization, body, headers: { 'Content-Range': '7-17' } })
    await this.send('PATCH', await start(), { body })
    await this.send('PATCH', `${await start()}AAAA`, { authorization, body })
    await this.send('PATCH', (await start()).replace('/team/', '/else/'), { authorization, body })
    await this.send('PATCH', (await start()).replace('/v2/', '/v2//'), { authorization, body })
    await this.send('PATCH', (await start()).replace('/uploads/', '/uploads/x/'), { authorization, body })
    await this.send('GET', `${await start()}${'&x=y'.repeat(3000)}`, { authorization })
    await this.#cutOff(await start(), authorization)
  }

  async #start(authorization: string): Promise<string> {
    const { location } = await this.send('POST', '/v2/team/app/blobs/uploads/', { authorization })
    if (location === undefined) throw new Error('no upload begins')
    return location
  }

  async send(method: string, path: string, { authorization, headers, body = '' }: Sent = {}) {
    const outgoing = this.#request(method, path, {
      ...(authorization !== undefined && { Authorization: authorization }),
      'Content-Length': String(Buffer.byteLength(body)),
      ...headers,
    })
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response').catch((cause: unknown) => {
      throw new Error(`${method} ${path} is not answered`, { cause })
    })) as [IncomingMessage]
    const { statusCode = 0, headers: said } = response
    this.#statuses.add(statusCode)
    const { location, ...others } = said
    for (const [, state = ''] of location?.matchAll(/_state=([^&]+)/g) ?? [])
      this.#secrets.add('upload token', decodeURIComponent(state))
    const told = await text(response)
    this.told += `${JSON.stringify(others)}\n${told}\n`
    return { status: statusCode, location, text: told }
  }

  /** Goes away in the middle of a body. */
  async #cutOff(path: string, authorization: string): Promise<void> {
    const outgoing = this.#request('PATCH', path, { Authorization: authorization, 'Content-Length': '1000000' })
    outgoing.on('error', () => undefined)
    await new Promise<void>((sent) => outgoing.write(Buffer.alloc(1000), () => sent()))
    await new Promise<void>((closed) => outgoing.once('close', closed).destroy())
  }

  #request(method: string, path: string, headers: Readonly<Record<string, string>>) {
    const options = { host: '127.0.0.1', port: this.#port, method, path, headers, agent: false }
    return this.#ca === undefined ? requestPlain(options) : requestSecure({ ...options, ca: this.#ca })
  }

  async #sendRaw(bytes: string): Promise<void> {
    const at = { host: '127.0.0.1', port: this.#port }
    const socket = this.#ca === undefined ? connectPlain(at) : connectSecure({ ...at, ca: this.#ca })
    socket.on('error', () => undefined)
    socket.write(bytes)
    const answer = await text(socket)
    this.#statuses.add(Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]))
    this.told += `${answer}\n`
  }
}
