import { randomBytes } from 'node:crypto'
import type { Registry } from '../contenders.ts'
import type { Fixture } from '../fixture.ts'
import type { Connection } from '../load/connection.ts'
import type { LoadProcess } from '../load/load-process.ts'
import { pushBlobs, putManifest, type PushedBlobs } from '../load/manifest-pushes.ts'
import { expectStatus, requestHead } from '../load/request.ts'
import { pushSmallBlob } from '../load/small-pushes.ts'

export interface Step {
  readonly name: string
  readonly run: () => Promise<void>
}

interface Client {
  readonly registry: Registry
  /** Where it pushes. */
  readonly repository: string
  readonly connection: Connection
  readonly fixture: Fixture
  readonly load: LoadProcess
}

const smallBytes = 16 * 1024
const largeMebibytes = 64
const absent = `sha256:${'0'.repeat(64)}`

/**
 * One operation of each kind, in an order in which the first of a pair finds nothing cached, and the second all. The very
 * first request is a mount, so that nothing whatever is cached for it.
 */
export function steps(client: Client): readonly Step[] {
  const [seen, , unseen] = client.fixture.smallBlobs
  return [
    { name: 'mount blob, first request', run: mounting(client, unseen) },
    ...pulls(client),
    ...lists(client),
    { name: 'mount blob that was asked for', run: mounting(client, seen) },
    ...pushes(client),
  ]
}

function mounting({ connection, fixture: { images }, repository }: Client, digest = ''): Step['run'] {
  const query = `mount=${digest}&from=${encodeURIComponent(images.repository)}`
  const head = requestHead('POST', `/v2/${repository}/blobs/uploads/?${query}`, { 'Content-Length': 0 })
  return async () => {
    expectStatus(await connection.exchange(head), 201)
  }
}

function pulls({ connection, fixture }: Client): readonly Step[] {
  const { images, smallBlobs, largeBlob } = fixture
  const ask = async (method: 'GET' | 'HEAD', path: string, status = 200): Promise<void> => {
    const response = await connection.exchange(requestHead(method, path), method === 'HEAD')
    expectStatus(response, status)
  }
  const blob = (digest = ''): string => `/v2/${images.repository}/blobs/${digest}`
  const manifest = (reference = ''): string => `/v2/${images.repository}/manifests/${reference}`
  const twice = (name: string, run: () => Promise<void>): readonly Step[] => [
    { name, run },
    { name: `${name}, again`, run },
  ]
  return [
    ...twice('HEAD blob', () => ask('HEAD', blob(smallBlobs[0]))),
    { name: 'HEAD blob that is not there', run: () => ask('HEAD', blob(absent), 404) },
    ...twice('pull 1 KiB blob', () => ask('GET', blob(smallBlobs[1]))),
    ...twice('pull large blob', () => ask('GET', blob(largeBlob))),
    ...twice('HEAD manifest by tag', () => ask('HEAD', manifest(images.tags[2]))),
    ...twice('HEAD manifest by digest', () => ask('HEAD', manifest(images.digests[3]))),
    ...twice('GET manifest by tag', () => ask('GET', manifest(images.tags[4]))),
    ...twice('GET manifest by digest', () => ask('GET', manifest(images.digests[5]))),
  ]
}

function lists({ connection, fixture: { tagged, repositories } }: Client): readonly Step[] {
  const get = (path: string) => async (): Promise<void> => {
    expectStatus(await connection.exchange(requestHead('GET', path)), 200)
  }
  return [
    { name: 'list 5,000 tags', run: get(`/v2/${tagged[5_000]}/tags/list`) },
    { name: 'list 100 of 5,000 tags', run: get(`/v2/${tagged[5_000]}/tags/list?n=100`) },
    { name: `catalog of ${repositories.toLocaleString('en')}`, run: get(`/v2/_catalog?n=${repositories}`) },
    { name: `catalog of 100 of ${repositories.toLocaleString('en')}`, run: get(`/v2/_catalog?n=100`) },
  ]
}

function pushes({ connection, load, registry, repository }: Client): readonly Step[] {
  const small = (shape: 'put' | 'patch') => async (): Promise<void> => {
    await pushSmallBlob(connection, { repository, shape }, randomBytes(smallBytes))
  }
  const large = (shape: 'put' | 'patch' | 'chunks') => async (): Promise<void> => {
    const target = { port: registry.ports.blobs, pids: [] }
    const size = largeMebibytes * 1024 * 1024
    const job = { kind: 'large pushes', shape, repository, size, blobs: 1 } as const
    await load.run({ target, load: job, warmUpMs: 0, durationMs: 0 })
  }
  let blobs: PushedBlobs | undefined
  const image = async (): Promise<void> => {
    blobs = await pushBlobs(connection, repository)
    await put('one', 'first')
  }
  const put = async (tag: string, text: string): Promise<void> => {
    if (blobs === undefined) throw new Error('the blobs of a manifest are pushed before it')
    await putManifest(connection, repository, tag, blobs.manifest(text))
  }
  return [
    { name: 'push 16 KiB blob, PUT', run: small('put') },
    { name: 'push 16 KiB blob, PATCH', run: small('patch') },
    { name: `push ${largeMebibytes} MiB blob, PUT`, run: large('put') },
    { name: `push ${largeMebibytes} MiB blob, one PATCH`, run: large('patch') },
    { name: `push ${largeMebibytes} MiB blob, 16 MiB chunks`, run: large('chunks') },
    { name: 'push image of 2 small blobs', run: image },
    { name: 'PUT new manifest, new tag', run: () => put('two', 'second') },
    { name: 'PUT new manifest, tag moves', run: () => put('one', 'third') },
    { name: 'PUT manifest there is, new tag', run: () => put('three', 'third') },
  ]
}
