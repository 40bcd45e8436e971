import type { Socket } from 'node:net'
import { scheduler } from 'node:timers/promises'
import type { Content, Image } from '../flow-player/content.ts'
import { type Answer, answerOf, locationOf, type Sending, Wire } from '../flow-player/wire.ts'

const patienceMs = 30_000

/** A connection that was kept from before ended with a request on it that cannot simply be sent again. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** How a client sends a blob. */
export type Shape = (client: PatientClient, repository: string, blob: Content) => Promise<void>

/**
 * A client that does what real ones do where a registry restarts, and nothing else. A connection that is refused is
 * tried again: nobody has seen the request. A request on a connection that was kept, which ended before an answer
 * came, is sent again on a new one, as RFC 9112 (section 9.3.1) has it: the registry closed what was idle, and the two
 * crossed. A chunk may have been received in that case, so that its client asks where the upload stands, or begins
 * anew. Whatever else goes wrong is a failure, and so is any answer but the one that a push is to get.
 */
export class PatientClient {
  refused = 0
  crossed = 0
  readonly #wire: Wire
  /** Connections on which something was answered. Node says so of a request, but not where it waited for its turn. */
  readonly #kept = new WeakSet<Socket>()

  constructor(host: string) {
    this.#wire = new Wire(host, {})
  }

  close(): void {
    this.#wire.close()
  }

  /** @throws Error it is answered with something else */
  async expect(status: number, method: string, target: string | URL, sending: Sending = {}): Promise<Answer> {
    const answer = await this.#send(method, target, sending)
    if (answer.status === status) return answer
    throw new Error(`${method} ${answer.url.pathname}: ${answer.status}: ${answer.body.toString()}`)
  }

  start(repository: string): Promise<Answer> {
    return this.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`)
  }

  async push(repository: string, tag: string, image: Image, shape: Shape): Promise<void> {
    for (const blob of [...image.layers, image.config]) await shape(this, repository, blob)
    const headers = { 'Content-Type': image.mediaType }
    await this.expect(201, 'PUT', `/v2/${repository}/manifests/${tag}`, { headers, body: image.manifest.bytes })
  }

  /** @returns what is not as it was pushed */
  async findBroken(repository: string, tag: string, { layers, config, manifest }: Image): Promise<readonly string[]> {
    const broken: string[] = []
    for (const { digest, bytes } of [...layers, config]) {
      const { body } = await this.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`)
      if (!body.equals(bytes)) broken.push(digest)
    }
    const { body } = await this.expect(200, 'GET', `/v2/${repository}/manifests/${tag}`)
    if (!body.equals(manifest.bytes)) broken.push(manifest.digest)
    return broken
  }

  async #send(method: string, target: string | URL, sending: Sending): Promise<Answer> {
    const late = AbortSignal.timeout(patienceMs)
    for (;;) {
      const { outgoing, url } = this.#wire.open(method, target, sending)
      const answered = answerOf(outgoing, url)
      for (const piece of sending.pieces ?? []) outgoing.write(piece)
      outgoing.end(sending.body)
      try {
        const answer = await answered
        if (outgoing.socket !== null) this.#kept.add(outgoing.socket)
        return answer
      } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException
        const isKept = outgoing.socket !== null && this.#kept.has(outgoing.socket)
        if (late.aborted) throw error
        if (syscall === 'connect') {
          this.refused += 1
          await scheduler.wait(20)
        } else if (isKept && (code === 'ECONNRESET' || code === 'EPIPE')) {
          this.crossed += 1
          if (method === 'PATCH') throw new Interrupted('a chunk was sent, and no answer came', { cause: error })
        } else throw error
      }
    }
  }
}

/** As crane does: the whole blob in the PUT. */
export async function pushWhole(client: PatientClient, repository: string, { bytes, digest }: Content): Promise<void> {
  await client.expect(201, 'PUT', locationOf(await client.start(repository), { digest }), { body: bytes })
}

/** As docker does: one PATCH of unknown length, and an empty PUT; begun anew where the PATCH was interrupted. */
export async function pushStreamed(client: PatientClient, repository: string, blob: Content): Promise<void> {
  for (;;) {
    const body = { pieces: [blob.bytes] }
    const started = await client.start(repository)
    const patched = await client.expect(202, 'PATCH', locationOf(started), body).catch(unlessLost)
    if (patched === undefined) continue
    await client.expect(201, 'PUT', locationOf(patched, { digest: blob.digest }))
    return
  }
}

const chunkSize = 400_000

/** As clients do that send chunks of one size, and go on where the upload stands. */
export async function pushChunked(
  client: PatientClient,
  repository: string,
  { bytes, digest }: Content,
): Promise<void> {
  let answer = await client.start(repository)
  for (let at = 0; at < bytes.byteLength; at = offsetIn(answer)) {
    const body = bytes.subarray(at, at + chunkSize)
    const headers = { 'Content-Range': `${at}-${at + body.byteLength - 1}` }
    const location = locationOf(answer)
    const patched = await client.expect(202, 'PATCH', location, { headers, body }).catch(unlessLost)
    answer = patched ?? (await client.expect(204, 'GET', location))
  }
  await client.expect(201, 'PUT', locationOf(answer, { digest }))
}

function offsetIn({ headers }: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(String(headers.range))?.[1])
  return last === 0 ? 0 : last + 1
}

function unlessLost(error: unknown): undefined {
  if (!(error instanceof Interrupted)) throw error
}
