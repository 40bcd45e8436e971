import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBerth, topology } from './berth.ts'
import type { Settings } from './configuration.ts'
import { blobNamed } from './flow-player/content.ts'
import { answerOf, locationOf, Wire } from './flow-player/wire.ts'
import { Pusher } from './pusher.ts'
import { readContents } from './registry-contents.ts'
import type { RegistryProcess } from './registry-process.ts'
import { seed, SeededRandom } from './seeded-random.ts'
import { storage } from './storage.ts'

let folder: string
let berth: RegistryProcess
let wires: Wire[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-durability-'))
  wires = []
})

afterEach(async () => {
  for (const wire of wires) wire.close()
  await berth.kill()
  await rm(folder, { recursive: true, force: true })
})

async function start(settings: Settings = {}): Promise<void> {
  berth = await startBerth({ folder, settings })
}

function wire(): Wire {
  const made = new Wire(berth.host, { Accept: '*/*' })
  wires.push(made)
  return made
}

describe('kill -9', () => {
  const kills = 20

  it(`at ${kills} moments loses nothing acknowledged and shows nothing half-written (BERTH_SEED=${seed})`, async () => {
    const random = new SeededRandom(seed)
    const pushers = ['a', 'b', 'c', 'd'].map((name) => {
      return new Pusher(`kill/${name}`, new SeededRandom(random.between(0, 2 ** 32)))
    })
    await start()
    for (let killed = 0; killed < kills; killed += 1) {
      let steps = random.between(1, 150)
      const delayMs = random.between(0, 4)
      const step = (): void => {
        steps -= 1
        if (steps === 0) void scheduler.wait(delayMs).then(() => berth.kill())
      }
      await Promise.all([...pushers.map((pusher) => pusher.push(wire(), step)), berth.exited])

      await start()
      const broken = await Promise.all(pushers.map((pusher) => pusher.findBrokenPromises(wire())))
      expect(broken.flat()).toEqual([])
    }
    await expect(readContents(berth.host)).resolves.toBeDefined()
  }, 600_000)
})

describe('a second process on the same tree', () => {
  // Services share their tree, and anybody a bucket: a second deployment is no more than other nodes.
  it.runIf(topology === 'all-in-one' && storage === 'filesystem')(
    'is refused, with a message that says who holds it, and the first goes on',
    async () => {
      await start()

      await expect(startBerth({ folder })).rejects.toThrow(String(berth.pid))

      expect((await wire().send('GET', '/v2/')).status).toBe(200)
    },
  )

  it.runIf(topology === 'split' && storage === 'filesystem')(
    'is refused where it wants the tree for itself, and the services go on',
    async () => {
      await start()

      await expect(startBerth({ folder, topology: 'all-in-one' })).rejects.toThrow('is in use by')

      expect((await wire().send('GET', '/v2/_catalog')).status).toBe(200)
    },
  )

  it('is let in once the first was killed', async () => {
    await start()
    await berth.kill()
    await start()
    expect((await wire().send('GET', '/v2/')).status).toBe(200)
  })
})

describe('SIGTERM', () => {
  const blob = blobNamed('in flight', 500_000)

  /** Begins to send a body, and waits until the registry has taken some of it. */
  async function beginPut(client: Wire) {
    const started = await client.send('POST', '/v2/drained/blobs/uploads/')
    const headers = { 'Content-Length': String(blob.size) }
    const { outgoing, url } = client.open('PUT', locationOf(started, { digest: blob.digest }), { headers })
    await new Promise<void>((resolve) => {
      outgoing.write(blob.bytes.subarray(0, 300_000), () => resolve())
    })
    return { outgoing, answer: answerOf(outgoing, url) }
  }

  it('finishes what is in flight, takes nothing new, and then ends well', async () => {
    await start()
    const client = wire()
    const { outgoing, answer } = await beginPut(client)

    const stopped = berth.stop()
    await untilRefused(berth.port)
    outgoing.end(blob.bytes.subarray(300_000))

    expect((await answer).status).toBe(201)
    client.close()
    expect(await stopped).toEqual({ code: 0, signal: null })
    await start()
    const got = await wire().send('GET', `/v2/drained/blobs/${blob.digest}`)
    expect(got.body.equals(blob.bytes)).toBe(true)
  })

  it('waits no longer than http.draintimeout', async () => {
    await start({ http: { draintimeout: '200ms' } })
    const { answer } = await beginPut(wire())
    const cut = answer.catch((error: unknown) => error)

    const { signal } = await berth.stop()

    expect(signal).toBe(null)
    expect(await cut).toBeInstanceOf(Error)
    await start()
    expect((await wire().send('HEAD', `/v2/drained/blobs/${blob.digest}`)).status).toBe(404)
  })

  it('closes connections on which nothing is asked', async () => {
    await start()
    const idle = connect(berth.port, '127.0.0.1')
    await once(idle, 'connect')
    const closed = new Promise((resolve) => idle.once('close', resolve))
    // The kernel may have taken a connection that the process has not heard of yet; that one is reset.
    idle.on('error', () => {})
    const { code } = await berth.stop()
    await closed
    expect(code).toBe(0)
  })
})

/** Nothing else tells that a registry has begun to end. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const refused = await once(socket, 'connect').then(
      () => false,
      () => true,
    )
    socket.destroy()
    if (refused) return
  }
}
