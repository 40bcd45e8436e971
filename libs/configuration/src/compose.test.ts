import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Environment } from './sources/environment.ts'
import { loadConfig } from './load-config.ts'

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck: { readonly test: readonly string[] }
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')
const folder = 'deploy/compose'
const compose = parse(read(`${folder}/compose.yaml`), { merge: true }) as Compose
const dockerfile = read('deploy/docker/Dockerfile')
const imageEnvironment = Object.fromEntries(
  [...dockerfile.matchAll(/\b(REGISTRY_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
) as Environment
const exposed = (/^EXPOSE (.*)$/m.exec(dockerfile)?.[1] ?? '').split(' ').map(Number)

const own = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)
const mounts = ({ volumes = [] }: Service) => volumes.map((each) => each.split(':') as [from: string, to: string])

/** What a container of the service is configured to. */
function load(service: Service) {
  const [option, path = ''] = service.command
  expect(option).toBe('--config')
  const files = new Map<string, string>()
  for (const [from, to] of mounts(service)) if (from.startsWith('./')) files.set(to, read(`${folder}/${from}`))
  for (const name of service.secrets ?? []) files.set(`/run/secrets/${name}`, `${name}, long enough for a key`)
  const readFile = (file: string): string => {
    const text = files.get(file)
    if (text === undefined) throw new Error('is not in the container')
    return text
  }
  return loadConfig({
    path,
    environment: { ...imageEnvironment, ...service.environment },
    uses: ['rpc', 'services'],
    readFile,
  })
}

describe('deploy/compose', () => {
  it('runs a gateway, three blob nodes, a manifest service and two Redis', () => {
    const images = Object.values(compose.services).map(({ image }) => image.replace(/.*\//, ''))
    expect(images.toSorted()).toEqual([
      'berth-api-gateway',
      'berth-blob-upload',
      'berth-blob-upload',
      'berth-blob-upload',
      'berth-manifest',
      'redis:8',
      'redis:8',
    ])
  })

  it.each(own)('builds %s of an app there is, as the Dockerfile says', (_, { image, build }) => {
    const context = posix.join(folder, build?.context ?? '')
    expect(context).toBe(`apps/${image.replace('berth-', '')}/dist`)
    expect(existsSync(`${root}${posix.dirname(context)}/src/main.ts`)).toBe(true)
    expect(posix.join(context, build?.dockerfile ?? '')).toBe('deploy/docker/Dockerfile')
  })

  it.each(own)('configures %s with what there is to configure', (_, service) => {
    expect(load(service).warnings.filter((warning) => !warning.startsWith('redis.queue: has no effect yet'))).toEqual(
      [],
    )
  })

  it.each(own)('asks %s for its health, and reaches it, where it listens', (_, service) => {
    const { http, debug, rpc } = load(service).config
    const listening = [http.listen, debug.listen, rpc.listen].map((each) => (each?.net === 'tcp' ? each.port : 0))
    expect(listening).toEqual(exposed)
    expect(service.healthcheck.test.join(' ')).toContain(`http://127.0.0.1:${debug.listen?.port}/readyz`)
    for (const port of service.ports ?? []) expect(port.split(':')[1]).toBe(String(listening[0]))
  })

  it('finds each service where it is', () => {
    for (const [, service] of own) {
      const { http, rpc, services, redis } = load(service).config
      const nodes = own.filter(([, { image }]) => image === 'berth-blob-upload').map(([name]) => name)
      const at = (listen: { readonly port?: number } | undefined) => (name: string) => `${name}:${listen?.port}`
      expect(services.blobs.http).toEqual(nodes.map(at(http.listen as { port: number })))
      expect(services.blobs.addresses).toEqual(nodes.map(at(rpc.listen)))
      expect(services.manifest.addresses).toEqual(['manifest'].map(at(rpc.listen)))
      for (const { addresses } of [redis.cache, redis.queue].filter((role) => role !== undefined))
        expect(addresses.map(({ host, port }) => [compose.services[host]?.image, port])).toEqual([
          ['docker.io/library/redis:8', 6379],
        ])
    }
  })

  it('gives all that store anything one volume, and those that receive uploads one key', () => {
    for (const [, service] of own.filter(([name]) => name !== 'api-gateway')) {
      const { driver } = load(service).config.storage
      expect(driver.name === 'filesystem' && driver.rootDirectory).toBe('/data')
      expect(mounts(service)).toContainEqual(['data', '/data'])
    }
    const keys = own.map(([, service]) => load(service).config.secrets.uploadKeys?.signing.reveal())
    expect(new Set(keys.filter((key) => key !== undefined)).size).toBe(1)
    expect(keys.filter((key) => key !== undefined)).toHaveLength(3)
  })

  it('names only files, volumes, secrets and services that there are', () => {
    for (const service of Object.values(compose.services)) {
      for (const [from] of mounts(service))
        expect(from.startsWith('./') ? existsSync(`${root}${folder}/${from}`) : from in compose.volumes).toBe(true)
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...(service.secrets ?? [])]))
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})))
    }
    for (const { file } of Object.values(compose.secrets))
      expect(read(`${folder}/README.md`)).toContain(`> ${posix.normalize(file)} `)
  })
})
