import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { basic, frodo } from '../access/htpasswd.ts'
import { startBerth } from '../berth.ts'
import { Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import { until } from '../split/deployment.ts'
import { IdentityProvider } from './identity-provider.ts'
import { makeKey, TokenFiles } from './token-settings.ts'

const scope = 'repository:shire/app:pull,push'
const clients = 6

async function opened(topology: 'all-in-one' | 'split', publishes: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-t-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const provider = await IdentityProvider.start()
  onTestFinished(() => provider.close())
  const files = await TokenFiles.write(folder, provider)
  const port = await freePort()
  const settings = {
    ...files.settings(publishes ? `http://127.0.0.1:${port}/token/keys` : undefined),
    limits: { tokens: 0 },
  }
  const berth = await startBerth({ folder, port, settings, topology })
  onTestFinished(async () => void (await berth.stop()))
  return { files, berth }
}

/** A client that gets a token, pushes a blob and reads it back, again and again. */
class Client {
  rounds = 0
  readonly keys = new Set<string>()
  readonly failures: string[] = []
  readonly #wire: Wire
  #isStopped = false
  readonly done: Promise<void>

  constructor(host: string) {
    this.#wire = new Wire(host, {})
    this.done = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.done
    this.#wire.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && this.failures.length === 0) {
      const Authorization = await this.#token()
      this.keys.add(keyOf(Authorization))
      const blob = randomBytes(1000)
      const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
      const { headers } = await this.#expect(202, 'POST', '/v2/shire/app/blobs/uploads/', { Authorization })
      const target = `${headers.location}${headers.location?.includes('?') ? '&' : '?'}digest=${digest}`
      await this.#expect(201, 'PUT', target, { Authorization }, blob)
      await this.#expect(200, 'GET', `/v2/shire/app/blobs/${digest}`, { Authorization })
      await this.#expect(200, 'GET', '/v2/', { Authorization })
      this.rounds++
    }
  }

  async #token(): Promise<string> {
    const path = `/token?service=registry.example&scope=${scope}`
    const { body } = await this.#expect(200, 'GET', path, { Authorization: basic(frodo) })
    return `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}`
  }

  async #expect(status: number, method: string, target: string, headers: Record<string, string>, body?: Uint8Array) {
    const answer = await this.#wire.send(method, target, { headers, ...(body && { body }) })
    if (answer.status !== status) this.failures.push(`${method} ${target}: ${answer.status} ${answer.body.toString()}`)
    return answer
  }
}

function keyOf(authorization: string): string {
  const [header = ''] = authorization.slice('Bearer '.length).split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

describe.each([
  ['all-in-one', false],
  ['split', false],
  ['split', true],
] as const)('another key under load: %s, nodes ask the gateway for keys: %s', (topology, publishes) => {
  it('fails nothing', async () => {
    const { berth, files } = await opened(topology, publishes)
    const [first, second, third] = ['first', 'second', 'third'].map(makeKey)
    await files.writeKeys([first!])
    const load = Array.from({ length: clients }, () => new Client(berth.host))
    const moreRounds = async (): Promise<true> => {
      const before = load.map(({ rounds }) => rounds)
      return until('every client goes on', async () =>
        load.every(({ rounds, failures }, at) => failures.length > 0 || rounds >= before[at]! + 5) ? true : undefined,
      )
    }
    await moreRounds()
    // As one should, known before it signs; then as one should not, both at once.
    for (const keys of [[first, second], [second, first], [third, second], [third]])
      await files.writeKeys(keys.map((key) => key!)).then(moreRounds)
    await Promise.all(load.map((client) => client.stop()))
    expect(load.flatMap(({ failures }) => failures)).toEqual([])
    expect(load.map(({ keys }) => [...keys])).toEqual(load.map(() => ['first', 'second', 'third']))
  })
})
