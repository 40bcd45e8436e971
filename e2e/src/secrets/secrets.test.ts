import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from '@berth/configuration/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { basic, frodo, writeUsers } from '../access/htpasswd.ts'
import { TokenAuthority } from '../access/token-authority.ts'
import { freePort } from '../free-port.ts'
import { type RegistryProcess, startRegistry } from '../registry-process.ts'
import { Deployment, until } from '../split/deployment.ts'
import { treeIn } from '../storage.ts'
import { MountedSecret } from '../tls/mounted-secret.ts'
import { Secrets } from './secrets.ts'
import { titlesOf, toldBy } from './seen.ts'
import { Session } from './session.ts'

const main = fileURLToPath(new URL('../../../apps/all-in-one/src/main.ts', import.meta.url))
const verbose = { level: 'debug', accesslog: { disabled: false } }

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-secrets-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('secrets are in no log, answer, metric or title', () => {
  it('of one process with TLS, passwords, a Redis that refuses it, and a tree that breaks', async () => {
    const folder = await newFolder()
    const secrets = new Secrets()
    const [first, second] = [makeCertificate(), makeCertificate()]
    for (const { key } of [first, second]) secrets.add('TLS key', key.split('\n')[1] as string)
    const mounted = await MountedSecret.in(join(folder, 'tls'), { cert: first.cert, key: first.key })
    const redis = await startRedis(folder)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = privateKey.export({ format: 'jwk' })
    secrets.add('key of schema1', jwk.d as string)
    await writeFile(join(folder, 'trust.json'), JSON.stringify(jwk))
    await writeFile(join(folder, 'upload.key'), secrets.make('key of a file'))
    const debug = `127.0.0.1:${await freePort()}`
    vi.stubEnv('REGISTRY_HTTP_SECRET', secrets.make('http.secret'))
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer ${secrets.make('collector')}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const berth = await start(folder, {
      ...(await writeUsers(folder)),
      log: verbose,
      http: { tls: { certificate: mounted.path('cert'), key: mounted.path('key') }, debug: { addr: debug } },
      storage: { filesystem: { rootdirectory: treeIn(folder) }, cache: { blobdescriptor: 'redis' } },
      uploads: {
        keys: [
          { id: 'a', secret: secrets.make('upload key'), use: 'sign' },
          { id: 'b', secretfile: join(folder, 'upload.key'), use: 'verify' },
        ],
      },
      redis: { cache: { addrs: [redis], username: 'berth', password: secrets.make('Redis password') } },
      compatibility: { schema1: { enabled: true, signingkeyfile: join(folder, 'trust.json') } },
      health: {
        http: [
          {
            uri: `http://user:${secrets.make('password of a check')}@127.0.0.1:1/`,
            headers: { Authorization: [`Bearer ${secrets.make('header of a check')}`] },
            interval: '100ms',
            threshold: 1_000_000,
          },
        ],
      },
    })

    const right = basic(frodo)
    secrets.add('password', frodo.password)
    secrets.add('Basic header', right.slice('Basic '.length))
    secrets.add('hash of a password', '926C3y10Quzn/LnqQH86VOEVh/18T6RnLaS')
    const wrong = [
      basic({ name: 'frodo', password: secrets.make('wrong password') }),
      basic({ name: 'nobody', password: secrets.make('password of nobody') }),
      basic({ name: 'bilbo', password: secrets.make('password of a hash that does not count') }),
      `Basic ${secrets.make('no base64')}`,
      `Bearer ${secrets.make('no token')}`,
    ]
    const session = new Session(berth.port, secrets, first.cert)
    await session.play(right, wrong)
    // What storage says of its paths goes into the log.
    await rm(join(treeIn(folder), 'docker/registry/v2/repositories/team'), { recursive: true })
    await writeFile(join(treeIn(folder), 'docker/registry/v2/repositories/team'), 'in the way')
    await session.send('GET', '/v2/team/app/manifests/v1', { authorization: right })
    await session.send('POST', '/v2/team/app/blobs/uploads/', { authorization: right })
    await mounted.swap({ cert: second.cert, key: first.key })
    await until('the broken certificate is told', async () =>
      has(berth.output(), 'the new certificate and key do not match yet'),
    )

    const seen = { output: '', told: session.told, metrics: await toldBy(debug), titles: await titlesOf(berth.pid) }
    await berth.stop()
    seen.output = berth.output()
    expect(session.statuses).toEqual(expect.arrayContaining([200, 201, 202, 204, 400, 401, 404, 414, 416, 431]))
    for (const message of ['request served', 'access denied', 'request failed', 'request cut off', 'redis'])
      expect(seen.output.toLowerCase()).toContain(message)
    expect(foundIn(seen, secrets)).toEqual([])
  })

  it('of the split services with tokens', async () => {
    const folder = await newFolder()
    const secrets = new Secrets()
    const authority = await TokenAuthority.make(folder)
    const deployment = await Deployment.start({
      ...authority.settings(),
      log: verbose,
      http: { secret: secrets.make('http.secret'), debug: { addr: `127.0.0.1:${await freePort()}` } },
    })
    onTestFinished(() => deployment.close())
    const token = (...[grants, claims]: Parameters<TokenAuthority['token']>): string => {
      const made = authority.token(grants, claims)
      secrets.add('token', made)
      secrets.add('signature of a token', made.split('.')[2] as string)
      return `Bearer ${made}`
    }
    const stranger = await TokenAuthority.make(folder, 'stranger')
    const strange = stranger.token([])
    secrets.add('token of a stranger', strange)
    const grants = ['app', 'else'].map((name) => ({ name: `team/${name}`, actions: ['pull', 'push', 'delete'] }))
    const wrong = [
      token([], {}),
      token(grants, { exp: 1 }),
      token(grants, { nbf: Date.now() }),
      token(grants, { aud: 'elsewhere' }),
      `Bearer ${strange}`,
      `${token(grants)}x`,
      basic({ name: 'frodo', password: secrets.make('password') }),
    ]
    const services = await deployment.services()
    const gateway = new Session(Number(deployment.host.split(':')[1]), secrets)
    await gateway.play(token(grants), wrong)
    const [node] = await deployment.blobNodes()
    const direct = new Session(Number(node?.http.split(':')[1]), secrets)
    await direct.send('GET', `/v2/team/app/blobs/sha256:${'0'.repeat(64)}`, { authorization: wrong[5] as string })
    const debugs = services.flatMap(({ debug }) => (debug === undefined ? [] : [debug]))
    const seen = {
      told: gateway.told + direct.told,
      metrics: (await Promise.all(debugs.map(toldBy))).join('\n'),
      titles: (await Promise.all(services.map(({ pid }) => titlesOf(pid)))).join('\n'),
      output: '',
    }
    seen.output = await deployment.stop()
    expect(gateway.statuses).toEqual(expect.arrayContaining([200, 201, 202, 204, 400, 401, 404, 414, 416, 431]))
    expect(seen.output).toContain('access denied')
    expect(foundIn(seen, secrets)).toEqual([])
  })

  it('of a bucket that turns its owner away', async () => {
    const folder = await newFolder()
    const secrets = new Secrets()
    const store = createServer((incoming, response) => {
      const body = `<Error><Code>AccessDenied</Code><Message>${incoming.url}</Message></Error>`
      response.writeHead(403, { 'Content-Type': 'application/xml' }).end(body)
    }).listen(0, '127.0.0.1')
    await once(store, 'listening')
    onTestFinished(() => void store.close())
    const { port } = store.address() as AddressInfo
    const s3 = {
      region: 'default',
      bucket: 'b',
      regionendpoint: `http://127.0.0.1:${port}`,
      accesskey: 'berth',
      secretkey: secrets.make('secret key'),
      sessiontoken: secrets.make('session token'),
    }
    const http = { debug: { addr: 'off' }, secret: secrets.make('http.secret') }
    const told = await start(folder, { log: verbose, storage: { s3 }, http }).then(
      () => 'it started',
      (error: Error) => error.message,
    )
    expect(told).toContain('AccessDenied')
    expect(foundIn({ told }, secrets)).toEqual([])
  })
})

function has(output: string, text: string): true | undefined {
  return output.includes(text) ? true : undefined
}

/** Names each secret that is seen, and where. */
function foundIn(seen: Readonly<Record<string, string>>, secrets: Secrets): readonly string[] {
  return Object.entries(seen).flatMap(([where, text]) => secrets.in(text).map((name) => `${name} in ${where}`))
}

/** The whole registry in one process, with exactly these sections. */
async function start(folder: string, { http, ...sections }: Record<string, object>): Promise<RegistryProcess> {
  const port = await freePort()
  const file = join(folder, 'config.yml')
  await writeFile(file, JSON.stringify({ version: 0.1, ...sections, http: { addr: `127.0.0.1:${port}`, ...http } }))
  const berth = await startRegistry({ command: process.execPath, args: [main, '--config', file], port })
  onTestFinished(async () => void (await berth.kill()))
  return berth
}

/** One that knows another password. */
async function startRedis(folder: string): Promise<string> {
  const port = await freePort()
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--requirepass',
    'another',
    '--save',
    '',
    '--dir',
    folder,
  ]
  const redis = await startRegistry({ command: 'redis-server', args, port })
  onTestFinished(async () => void (await redis.kill()))
  return `127.0.0.1:${port}`
}
