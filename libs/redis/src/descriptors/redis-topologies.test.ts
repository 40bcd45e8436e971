import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeSharedDescriptors } from '@berth/blobs/suite'
import { digestOf } from '@berth/digest'
import { type RedisConfig, Secret } from '@berth/configuration'
import { parseRepositoryName } from '@berth/reference'
import { Redis, type RedisOptions } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort, RedisServer } from '../connection/redis-server.ts'
import { Replicas } from './open-replicas.ts'

type Config = Pick<RedisConfig, 'addresses'> & Partial<RedisConfig>

interface Reached {
  readonly config: Config
  /** Every server that keeps something, as only a test reaches it. */
  readonly stores: readonly RedisOptions[]
}

/** A cluster takes seconds to become one, and longer on a busy machine. */
const patienceMs = 60_000

const run = promisify(execFile)
const replicas = new Replicas()
const servers: RedisServer[] = []
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-redis-'))
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await rm(directory, { recursive: true })
})

afterEach(() => replicas.close())

describeReached('in Redis, as a user of limited rights', async () => {
  const rights = '~berth:* &berth:* -@all +@connection +@read +@write +@scripting +@pubsub +info'
  const file = join(directory, 'users.acl')
  await writeFile(file, `user default on nopass ~* &* +@all\nuser berth on >hidden ${rights}\n`)
  const { port } = await start(['--aclfile', file])
  return {
    config: { addresses: [at(port)], username: 'berth', password: new Secret('hidden'), db: 3 },
    stores: [at(port)],
  }
})

describeReached('in Redis, over TLS with certificates of both ends', async () => {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await run('openssl', ['req', '-x509', ...curve, ...subject, '-days', '2', '-keyout', key, '-out', cert])
  const own = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
  const { port } = await start(['--tls-port', ...own, '--tls-auth-clients', 'yes'])
  const [keyText, certText] = await Promise.all([readFile(key, 'utf8'), readFile(cert, 'utf8')])
  return {
    config: { addresses: [at(port)], tls: { cert: certText, key: new Secret(keyText), cas: [certText] } },
    stores: [{ ...at(port), tls: { key: keyText, cert: certText, ca: certText } }],
  }
})

describeReached('in the master that Sentinels name', async () => {
  const ports = [await freePort(), await freePort()]
  const stores = [at(await startWatched(ports[1] ?? 0))]
  return { config: { addresses: ports.map(at), masterName: 'berth' }, stores }
})

describeReached('in a cluster', async () => {
  const ports = [await freePort(), await freePort(), await freePort()]
  await startCluster(ports)
  return { config: { addresses: ports.map(at) }, stores: ports.map(at) }
})

describe('RedisDescriptors that are there before Redis', () => {
  const digest = digestOf('a blob')

  it('find the master once there is a Sentinel to ask', async () => {
    const port = await freePort()
    const opened = replicas.open({ addresses: [at(port)], masterName: 'berth' })
    await startWatched(port)
    expect((await (await opened).find(parseRepositoryName('here'), digest)).generation).toHaveLength(36)
  })

  it(
    'find the nodes of a cluster once it is one',
    async () => {
      const ports = [await freePort(), await freePort(), await freePort()]
      const opened = replicas.open({ addresses: ports.map(at) })
      await startCluster(ports)
      expect((await (await opened).find(parseRepositoryName('here'), digest)).generation).toHaveLength(36)
    },
    patienceMs,
  )
})

describe('RedisDescriptors of a cluster that loses a node', () => {
  it(
    'fail for the blobs of that node alone, until it is back',
    async () => {
      const ports = [await freePort(), await freePort(), await freePort()]
      const [node] = await startCluster(ports)
      const here = parseRepositoryName('here')
      const digests = Array.from({ length: 60 }, (_, index) => digestOf(`blob ${index}`))
      let nowMs = 0
      const descriptors = await replicas.open({ addresses: ports.map(at) }, () => (nowMs += 1000))
      const found = async (): Promise<number> => {
        let answers = 0
        for (const digest of digests) {
          const answered = descriptors.find(here, digest).then(
            () => 1,
            () => 0,
          )
          answers += await answered
        }
        return answers
      }
      expect(await found()).toBe(60)
      await node?.kill()
      const withoutNode = await found()
      expect(withoutNode).toBeGreaterThan(20)
      expect(withoutNode).toBeLessThan(60)
      await node?.startAgain()
      while ((await found()) < 60) await new Promise(setImmediate)
    },
    patienceMs,
  )
})

/** @returns the port of a master that a Sentinel at `port` watches */
async function startWatched(port: number): Promise<number> {
  const master = await start()
  const file = join(master.directory, 'sentinel.conf')
  await writeFile(file, `sentinel monitor berth 127.0.0.1 ${master.port} 1\n`)
  await start([file, '--sentinel'], port)
  return master.port
}

async function startCluster(ports: readonly number[]): Promise<readonly RedisServer[]> {
  const nodes = await Promise.all(ports.map((port) => start(['--cluster-enabled', 'yes'], port)))
  const addresses = ports.map((port) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
  return nodes
}

function describeReached(name: string, reach: () => Promise<Reached>): void {
  describe('reached', () => {
    let reached: Reached

    beforeAll(async () => {
      reached = await reach()
    }, patienceMs)

    describeSharedDescriptors(name, async (count) => {
      await Promise.all(reached.stores.map(empty))
      return Promise.all(Array.from({ length: count }, () => replicas.open(reached.config)))
    })
  })
}

async function empty(store: RedisOptions): Promise<void> {
  const redis = new Redis({ ...store, replyMapping: 'legacy' })
  await redis.flushall()
  redis.disconnect()
}

async function start(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const server = await RedisServer.start(args, port)
  servers.push(server)
  return server
}

function at(port: number): { host: string; port: number } {
  return { host: '127.0.0.1', port }
}
