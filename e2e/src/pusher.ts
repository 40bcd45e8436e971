import { blobNamed, type Content, imageNamed } from './flow-player/content.ts'
import { type Answer, locationOf, type Sending, type Wire } from './flow-player/wire.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Told before anything is sent; a registry may be gone from then on. */
export type Step = () => void

/** A client that pushes to a repository of its own in one way after another, and remembers what it was told. */
export class Pusher {
  readonly repository: string
  readonly #random: SeededRandom
  readonly #attempted = new Map<string, Content>()
  readonly #acknowledged = new Set<string>()
  /** What the tag may hold: more than one while an answer is out. */
  #tagged: readonly string[] = [noTag]
  #unfinished: { readonly blob: Content; readonly location: URL; readonly offset: number } | undefined
  #count = 0

  constructor(repository: string, random: SeededRandom) {
    this.repository = repository
    this.#random = random
  }

  /** Pushes until the registry is gone. @throws Error where it refuses anything */
  async push(client: Wire, step: Step): Promise<void> {
    try {
      for (;;) await this.#pushSomething(client, step)
    } catch (error) {
      if (!isDisconnection(error)) throw error
    }
  }

  /** Names all that it was told and is not so, and all that is there by half. */
  async findBrokenPromises(client: Wire): Promise<readonly string[]> {
    const broken: string[] = []
    for (const [digest, { bytes }] of this.#attempted) {
      const { status, body } = await client.send('GET', `/v2/${this.repository}/blobs/${digest}`)
      if (status === 404 && !this.#acknowledged.has(digest)) continue
      if (status !== 200 || !body.equals(bytes)) broken.push(`blob ${digest} is answered with ${status}`)
    }
    const { headers } = await client.send('HEAD', `/v2/${this.repository}/manifests/latest`)
    const held = headers['docker-content-digest']
    const tagged = typeof held === 'string' ? held : noTag
    if (!this.#tagged.includes(tagged)) broken.push(`latest holds ${tagged} and not ${this.#tagged.join(' or ')}`)
    this.#tagged = [tagged]
    return [...broken, ...(await this.#finishUpload(client))]
  }

  #pushSomething(client: Wire, step: Step): Promise<void> {
    switch (this.#random.between(0, 4)) {
      case 0:
        return this.#pushWhole(client, this.#newBlob(), step)
      case 1:
        return this.#pushInChunks(client, this.#newBlob(), step)
      case 2:
        return this.#pushImage(client, step)
      default:
        return this.#leaveUnfinished(client, step)
    }
  }

  async #pushWhole(client: Wire, blob: Content, step: Step): Promise<void> {
    this.#attempted.set(blob.digest, blob)
    step()
    const started = await this.#start(client)
    const put = await client.send('PUT', locationOf(started, { digest: blob.digest }), inPieces(blob.bytes, step))
    expectStatus(put, 201)
    this.#acknowledged.add(blob.digest)
  }

  async #pushInChunks(client: Wire, blob: Content, step: Step): Promise<void> {
    this.#attempted.set(blob.digest, blob)
    let answer = await this.#start(client)
    const middle = this.#random.between(0, blob.size)
    for (const chunk of [blob.bytes.subarray(0, middle), blob.bytes.subarray(middle)]) {
      answer = expectStatus(await client.send('PATCH', locationOf(answer), inPieces(chunk, step)), 202)
    }
    step()
    expectStatus(await client.send('PUT', locationOf(answer, { digest: blob.digest })), 201)
    this.#acknowledged.add(blob.digest)
  }

  async #pushImage(client: Wire, step: Step): Promise<void> {
    const { config, layers, manifest, mediaType } = imageNamed(this.#newName())
    for (const blob of [...layers, config]) await this.#pushWhole(client, blob, step)
    step()
    this.#tagged = [...this.#tagged, manifest.digest]
    const headers = { 'Content-Type': mediaType }
    const target = `/v2/${this.repository}/manifests/latest`
    expectStatus(await client.send('PUT', target, { headers, body: manifest.bytes }), 201)
    this.#tagged = [manifest.digest]
  }

  async #leaveUnfinished(client: Wire, step: Step): Promise<void> {
    const blob = blobNamed(this.#newName(), 50_000)
    const started = await this.#start(client)
    step()
    const offset = 20_000
    const patched = await client.send('PATCH', locationOf(started), { body: blob.bytes.subarray(0, offset) })
    this.#unfinished = { blob, location: locationOf(expectStatus(patched, 202)), offset }
  }

  /** Continues what was acknowledged of an upload, with the location from before. */
  async #finishUpload(client: Wire): Promise<readonly string[]> {
    if (this.#unfinished === undefined) return []
    const { blob, location, offset } = this.#unfinished
    this.#unfinished = undefined
    location.searchParams.set('digest', blob.digest)
    const here = new URL(location.pathname + location.search, client.origin)
    const { status } = await client.send('PUT', here, { body: blob.bytes.subarray(offset) })
    if (status !== 201) return [`the upload at ${location.pathname} ends with ${status}`]
    this.#attempted.set(blob.digest, blob)
    this.#acknowledged.add(blob.digest)
    return []
  }

  async #start(client: Wire): Promise<Answer> {
    return expectStatus(await client.send('POST', `/v2/${this.repository}/blobs/uploads/`), 202)
  }

  #newBlob(): Content {
    const isLarge = this.#random.between(0, 10) === 0
    return blobNamed(this.#newName(), this.#random.between(1, isLarge ? 4_000_000 : 60_000))
  }

  #newName(): string {
    this.#count += 1
    return `${this.repository} ${this.#count}`
  }
}

const noTag = 'nothing'
const pieceBytes = 64 * 1024

function inPieces(bytes: Buffer, step: Step): Sending {
  function* pieces(): Iterable<Buffer> {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      step()
      yield bytes.subarray(at, at + pieceBytes)
    }
  }
  return { headers: { 'Content-Length': String(bytes.byteLength) }, pieces: pieces() }
}

function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer
  throw new Error(`${answer.url.pathname}: ${answer.status} and not ${status}: ${answer.body.toString()}`)
}

function isDisconnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'ECONNREFUSED' || code === 'EPIPE'
}
