import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { blobNamed, imageNamed } from '../flow-player/content.ts'
import { pushBlob, pushImage } from '../flow-player/registry.ts'
import { Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import { type RegistryProcess, startRegistry } from '../registry-process.ts'
import { type BlobNode, Deployment, metricOf, until } from './deployment.ts'

/** Under which clients push and pull, each blob at every node. */
const clients = 6
const roundsWhileAway = 60

let folder: string
let deployment: Deployment
let nodes: readonly BlobNode[]
let ports: { readonly cache: number; readonly queue: number }
let redis: readonly RegistryProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-redis-gone-'))
  ports = { cache: await freePort(), queue: await freePort() }
  await startRedis()
  const at = (port: number) => ({ addrs: [`127.0.0.1:${port}`] })
  deployment = await Deployment.start({ redis: { cache: at(ports.cache), queue: at(ports.queue) } })
  nodes = await deployment.blobNodes()
})

afterAll(async () => {
  await deployment.close()
  await killRedis()
  await rm(folder, { recursive: true, force: true })
})

it('pushes and pulls go on while Redis is gone, nothing is kept for it, and the cache fills when it is back', async () => {
  const load = new Load()
  await untilHits(1)
  expect(await keysCached()).toBeGreaterThan(0)

  await killRedis()
  await load.rounds(clients)
  const fills = await sharedTotal('seconds_count', 'operation="fill"')
  await load.rounds(roundsWhileAway)
  // What was not found out from the cache is not written to it.
  expect(await sharedTotal('seconds_count', 'operation="fill"')).toBe(fills)
  await load.stop()

  await startRedis()
  await until('all nodes listen to what is removed', async () => {
    return (await ask(ports.cache, 'PUBSUB NUMSUB berth:blobs')).includes(`:${nodes.length}\r\n`) ? true : undefined
  })
  const { calls } = await commandsOf(ports.cache)
  expect({ set: calls('set'), evalsha: calls('evalsha'), eval: calls('eval') }).toEqual({ set: 0, evalsha: 0, eval: 0 })

  const hits = await sharedTotal('lookups_total', 'outcome="hit"')
  const again = new Load()
  await untilHits(hits + 1)
  await again.stop()
  expect(await keysCached()).toBeGreaterThan(0)
  expect((await commandsOf(ports.cache)).calls('set')).toBeGreaterThan(0)
})

/** Clients that go on until they are stopped. */
class Load {
  readonly #stopping = new AbortController()
  readonly #wires: Wire[] = []
  readonly #running: Promise<unknown>
  #waiting: { readonly rounds: number; readonly resolve: () => void }[] = []
  #rounds = 0

  constructor() {
    this.#running = Promise.all(Array.from({ length: clients }, (_, index) => this.#client(`load/${index}`)))
    // Whoever waits for rounds that will not come is told what went wrong.
    this.#running.catch(() => undefined)
  }

  /** Waits for so many rounds that begin from now. */
  async rounds(count: number): Promise<void> {
    const reached = Promise.withResolvers<void>()
    this.#waiting.push({ rounds: this.#rounds + clients + count, resolve: reached.resolve })
    await Promise.race([reached.promise, this.#running])
  }

  /** @throws Error what a client was refused */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    for (const wire of this.#wires) wire.close()
  }

  async #client(repository: string): Promise<void> {
    const gateway = this.#wire(deployment.host)
    const direct = nodes.map(({ http }) => this.#wire(http))
    while (!this.#stopping.signal.aborted) {
      const name = `${repository} ${++names}`
      const blob = blobNamed(name, 20_000)
      await pushBlob(gateway, repository, blob)
      for (const wire of [...direct, gateway]) {
        const pulled = await wire.send('GET', `/v2/${repository}/blobs/${blob.digest}`)
        if (pulled.status !== 200 || !pulled.body.equals(blob.bytes)) throw new Error(`pulled: ${pulled.status}`)
      }
      const image = imageNamed(name)
      await pushImage(gateway, repository, 'latest', image)
      const pulled = await gateway.send('GET', `/v2/${repository}/manifests/latest`)
      if (!pulled.body.equals(image.manifest.bytes)) throw new Error(`pulled: ${pulled.status}`)
      this.#ended()
    }
  }

  #ended(): void {
    this.#rounds += 1
    for (const { rounds, resolve } of this.#waiting) if (this.#rounds >= rounds) resolve()
    this.#waiting = this.#waiting.filter(({ rounds }) => rounds > this.#rounds)
  }

  #wire(host: string): Wire {
    const wire = new Wire(host, {})
    this.#wires.push(wire)
    return wire
  }
}

/** So that no blob is pushed twice. */
let names = 0

async function startRedis(): Promise<void> {
  const args = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--port']
  const start = (port: number) => startRegistry({ command: 'redis-server', args: [...args, String(port)], port })
  redis = await Promise.all(Object.values(ports).map(start))
}

async function killRedis(): Promise<void> {
  await Promise.all(redis.map((server) => server.kill()))
}

/** What all nodes together count of the tier that they share. */
async function sharedTotal(metric: 'lookups_total' | 'seconds_count', label: string): Promise<number> {
  const name = `berth_descriptor_cache_${metric}{tier="shared",${label}}`
  const counts = await Promise.all(nodes.map((node) => metricOf(node, name)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function untilHits(least: number): Promise<void> {
  await until(`${least} descriptors were found in the cache`, async () => {
    return (await sharedTotal('lookups_total', 'outcome="hit"')) >= least ? true : undefined
  })
}

async function keysCached(): Promise<number> {
  return Number(/:(\d+)/.exec(await ask(ports.cache, 'DBSIZE'))?.[1])
}

async function commandsOf(port: number): Promise<{ calls: (command: string) => number }> {
  const stats = await ask(port, 'INFO commandstats')
  return { calls: (command) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0) }
}

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.end(`${command}\r\nQUIT\r\n`)
  return text(socket)
}
