import { imageNamed } from '../flow-player/content.ts'
import { locationOf, Wire, type Answer } from '../flow-player/wire.ts'

/** The loopback address of the normal client. Attackers connect from others, as they do from the network. */
const address = '127.0.0.99'

/**
 * A client that pushes an image, pulls it and compares all bytes, again and again, until it is stopped. It repeats a
 * request that is answered with 429 or 503, as real clients do, and expects all others to succeed.
 */
export class NormalClient {
  readonly #wire: Wire
  readonly #running: Promise<void>
  #isStopped = false
  #rounds = 0
  #failure: unknown
  #onRound: (() => void)[] = []

  /** @param headers credentials, where the registry asks for them */
  constructor(host: string, headers: Readonly<Record<string, string>> = {}) {
    this.#wire = new Wire(host, headers, address)
    this.#running = this.#run()
  }

  /**
   * Waits until the client has finished `count` rounds that began after this call.
   *
   * @throws Error the client failed, or did not finish within `patienceMs`
   */
  async finishes(count: number, patienceMs = 60_000): Promise<void> {
    // The round that is under way began before.
    const target = this.#rounds + count + 1
    const late = AbortSignal.timeout(patienceMs)
    while (this.#rounds < target) {
      if (this.#failure !== undefined) throw this.#failure
      const { promise: another, resolve } = Promise.withResolvers<void>()
      this.#onRound.push(resolve)
      late.addEventListener('abort', () => resolve(), { once: true })
      await another
      if (late.aborted) throw new Error(`the normal client finished no round within ${patienceMs} ms`)
    }
  }

  /** @throws Error the client failed */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    this.#wire.close()
    if (this.#failure !== undefined) throw this.#failure
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopped) {
        await this.#pushAndPull(`normal client, round ${this.#rounds}`)
        this.#rounds++
        this.#wakeAll()
      }
    } catch (error) {
      this.#failure = error
      this.#wakeAll()
    }
  }

  async #pushAndPull(name: string): Promise<void> {
    const repository = 'normal/app'
    const image = imageNamed(name)
    const blobs = [...image.layers, image.config]
    for (const { bytes, digest } of blobs) {
      const started = await this.#send(202, 'POST', `/v2/${repository}/blobs/uploads/`)
      await this.#send(201, 'PUT', locationOf(started, { digest }), { body: bytes })
    }
    const headers = { 'Content-Type': image.mediaType }
    await this.#send(201, 'PUT', `/v2/${repository}/manifests/latest`, { headers, body: image.manifest.bytes })
    const pulled = await this.#send(200, 'GET', `/v2/${repository}/manifests/latest`)
    expectBytes(pulled, image.manifest.bytes)
    for (const { bytes, digest } of blobs)
      expectBytes(await this.#send(200, 'GET', `/v2/${repository}/blobs/${digest}`), bytes)
  }

  async #send(status: number, ...request: Parameters<Wire['send']>): Promise<Answer> {
    for (;;) {
      const answer = await this.#wire.send(...request)
      if (answer.status === status) return answer
      const isAskedToRepeat = answer.status === 429 || answer.status === 503
      if (!isAskedToRepeat || this.#isStopped)
        throw new Error(`${request[0]} ${answer.url.pathname}: ${answer.status} ${answer.body.toString()}`)
    }
  }

  #wakeAll(): void {
    for (const wake of this.#onRound.splice(0)) wake()
  }
}

function expectBytes({ body, url }: Answer, bytes: Buffer): void {
  if (!body.equals(bytes)) throw new Error(`${url.pathname} is answered with other bytes`)
}
