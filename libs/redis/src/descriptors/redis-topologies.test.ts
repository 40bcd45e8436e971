import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeSharedDescriptors } from '@berth/blobs/suite'
import { type RedisConfig, Secret } from '@berth/process'
import { Redis, type RedisOptions } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { freePort, RedisServer } from '../connection/redis-server.ts'
import { Replicas } from './open-replicas.ts'

type Config = Pick<RedisConfig, 'addresses'> & Partial<RedisConfig>

interface Reached {
  readonly config: Config
  /** Every server that keeps something, as only a test reaches it. */
  readonly stores: readonly RedisOptions[]
}

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
  const [keyText, certText] = await Promise.all([readFile(key), readFile(cert)])
  return {
    config: { addresses: [at(port)], tls: { certificateFile: cert, keyFile: key, caFiles: [cert] } },
    stores: [{ ...at(port), tls: { key: keyText, cert: certText, ca: certText } }],
  }
})

describeReached('in the master that Sentinels name', async () => {
  const { port } = await start()
  const file = join(directory, 'sentinel.conf')
  await writeFile(file, `sentinel monitor berth 127.0.0.1 ${port} 1\n`)
  const sentinel = await start([file, '--sentinel'])
  return { config: { addresses: [at(await freePort()), at(sentinel.port)], masterName: 'berth' }, stores: [at(port)] }
})

describeReached('in a cluster', async () => {
  const nodes = await Promise.all([1, 2, 3].map(() => start(['--cluster-enabled', 'yes'])))
  const stores = nodes.map(({ port }) => at(port))
  const addresses = stores.map(({ host, port }) => `${host}:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
  return { config: { addresses: stores }, stores }
})

/** @param reach is called once */
function describeReached(name: string, reach: () => Promise<Reached>): void {
  let reached: Promise<Reached> | undefined
  describeSharedDescriptors(name, async (count) => {
    reached ??= reach()
    const { config, stores } = await reached
    await Promise.all(stores.map(empty))
    return Promise.all(Array.from({ length: count }, () => replicas.open(config)))
  })
}

async function empty(store: RedisOptions): Promise<void> {
  const redis = new Redis({ ...store, replyMapping: 'legacy' })
  await redis.flushall()
  redis.disconnect()
}

async function start(args: readonly string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start(args)
  servers.push(server)
  return server
}

function at(port: number): { host: string; port: number } {
  return { host: '127.0.0.1', port }
}
