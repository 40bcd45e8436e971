import { scheduler } from 'node:timers/promises'
import type { Content, Image } from '../flow-player/content.ts'
import { type Answer, answerOf, followed, locationOf, type Sending, Wire } from '../flow-player/wire.ts'

const patienceMs = 90_000

/** How a client sends a blob. */
export type Shape = (client: PatientClient, repository: string, blob: Content) => Promise<void>

/**
 * A client that does what real ones do where a registry restarts, and nothing else: a connection that is refused is
 * tried again, since nobody has seen the request. Whatever else goes wrong is a failure, and so is any answer but the
 * one that a push is to get.
 */
export class PatientClient {
  refused = 0
  readonly #wire: Wire

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
        return await followed(await answered, sending)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall !== 'connect' || late.aborted) throw error
        this.refused += 1
        await scheduler.wait(20)
      }
    }
  }
}

/** As crane does: the whole blob in the PUT. */
export async function pushWhole(client: PatientClient, repository: string, { bytes, digest }: Content): Promise<void> {
  await client.expect(201, 'PUT', locationOf(await client.start(repository), { digest }), { body: bytes })
}

/** As docker does: one PATCH of unknown length, and an empty PUT. */
export async function pushStreamed(client: PatientClient, repository: string, blob: Content): Promise<void> {
  const started = await client.start(repository)
  const patched = await client.expect(202, 'PATCH', locationOf(started), { pieces: [blob.bytes] })
  await client.expect(201, 'PUT', locationOf(patched, { digest: blob.digest }))
}

const chunkSize = 400_000

/** As clients do that send chunks of one size. */
export async function pushChunked(
  client: PatientClient,
  repository: string,
  { bytes, digest }: Content,
): Promise<void> {
  let answer = await client.start(repository)
  for (let at = 0; at < bytes.byteLength; at += chunkSize) {
    const body = bytes.subarray(at, at + chunkSize)
    const headers = { 'Content-Range': `${at}-${at + body.byteLength - 1}` }
    answer = await client.expect(202, 'PATCH', locationOf(answer), { headers, body })
  }
  await client.expect(201, 'PUT', locationOf(answer, { digest }))
}
