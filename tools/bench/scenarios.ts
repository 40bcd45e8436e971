import type { Fixture } from './fixture.ts'
import type { Load } from './load/job.ts'

export interface Scenario {
  readonly name: string
  /** What is told of it: content per second, or operations. */
  readonly unit: 'MB/s' | 'requests/s' | 'pushes/s' | 'lists/s'
  readonly load: Load
  /** Whom it asks, where not the API: in the split deployment, a blob node itself. */
  readonly of?: 'blobs'
}

/** One that reads what a fixture holds. */
export interface ReadingScenario extends Omit<Scenario, 'load'> {
  load(fixture: Fixture): Load
}

const mebibyte = 1024 * 1024
const manyConnections = 16
const fewClients = 8

/** Loads that only read: all of them meet one tree, which was there before the registry. */
export const readingScenarios = (repositories: number): readonly ReadingScenario[] => [
  { name: 'GET manifest by tag', unit: 'requests/s', load: (f) => get(manifestsByTag(f)) },
  { name: 'GET manifest by digest', unit: 'requests/s', load: (f) => get(manifestsByDigest(f)) },
  { name: 'HEAD manifest by tag', unit: 'requests/s', load: (f) => head(manifestsByTag(f)) },
  { name: 'HEAD manifest by digest', unit: 'requests/s', load: (f) => head(manifestsByDigest(f)) },
  { name: 'HEAD blob', unit: 'requests/s', load: (f) => head(smallBlobs(f)) },
  { name: 'GET 1 KiB blob', unit: 'requests/s', load: (f) => get(smallBlobs(f)) },
  { name: 'pull large blob, 1 client', unit: 'MB/s', load: (f) => get([largeBlob(f)], 1) },
  { name: 'pull large blob, 8 clients', unit: 'MB/s', load: (f) => get([largeBlob(f)], fewClients) },
  { name: 'list 5,000 tags', unit: 'lists/s', load: (f) => get([`/v2/${f.tagged[5_000]}/tags/list`], 4) },
  { name: 'list 10,000 tags', unit: 'lists/s', load: (f) => get([`/v2/${f.tagged[10_000]}/tags/list`], 4) },
  {
    name: `catalog of ${repositories.toLocaleString('en')}`,
    unit: 'lists/s',
    load: (f) => get([`/v2/_catalog?n=${f.repositories}`], 1),
  },
]

/** What the nodes of the split deployment do without its gateway. */
export const nodeScenarios: readonly ReadingScenario[] = [
  { name: 'pull from a blob node, 1 client', unit: 'MB/s', of: 'blobs', load: (f) => get([largeBlob(f)], 1) },
  { name: 'pull from a blob node, 8 clients', unit: 'MB/s', of: 'blobs', load: (f) => get([largeBlob(f)], fewClients) },
]

type Paths = readonly string[]

const get = (paths: Paths, connections = manyConnections): Load => {
  return { kind: 'requests', method: 'GET', paths, connections }
}
const head = (paths: Paths): Load => ({ kind: 'requests', method: 'HEAD', paths, connections: manyConnections })

const manifest = ({ images }: Fixture, reference: string): string => `/v2/${images.repository}/manifests/${reference}`
const manifestsByTag = (fixture: Fixture): Paths => fixture.images.tags.map((tag) => manifest(fixture, tag))
const manifestsByDigest = (fixture: Fixture): Paths => fixture.images.digests.map((digest) => manifest(fixture, digest))

const blob = ({ images }: Fixture, digest: string): string => `/v2/${images.repository}/blobs/${digest}`
const smallBlobs = (fixture: Fixture): Paths => fixture.smallBlobs.map((digest) => blob(fixture, digest))
const largeBlob = (fixture: Fixture): string => blob(fixture, fixture.largeBlob)

/** Loads that push into a registry that was empty. */
export function pushingScenarios(largeBytes: number): readonly Scenario[] {
  const small = (shape: 'put' | 'patch'): Load => {
    return { kind: 'small pushes', shape, repository: 'bench/small', size: 16 * 1024, connections: fewClients }
  }
  const large = (shape: 'put' | 'patch' | 'chunks'): Load => {
    return { kind: 'large pushes', shape, repository: 'bench/large', size: largeBytes, blobs: 1 }
  }
  const manifests: Load = { kind: 'manifest pushes', repository: 'bench/manifests', tags: 100, connections: fewClients }
  return [
    { name: 'push 16 KiB blobs, PUT', unit: 'pushes/s', load: small('put') },
    { name: 'push 16 KiB blobs, PATCH', unit: 'pushes/s', load: small('patch') },
    { name: 'PUT manifest by tag', unit: 'pushes/s', load: manifests },
    { name: `push ${formatSize(largeBytes)}, one PATCH`, unit: 'MB/s', load: large('patch') },
    { name: `push ${formatSize(largeBytes)}, one PUT`, unit: 'MB/s', load: large('put') },
    { name: `push ${formatSize(largeBytes)}, 16 MiB chunks`, unit: 'MB/s', load: large('chunks') },
  ]
}

/** The one that shows whether memory grows with what is pushed; the registry that meets it has done nothing else. */
export function hugePush(bytes: number): Scenario {
  const load: Load = { kind: 'large pushes', shape: 'patch', repository: 'bench/huge', size: bytes, blobs: 1 }
  return { name: `push ${formatSize(bytes)}, one PATCH`, unit: 'MB/s', load }
}

/** The one that shows whether memory grows with how much is pushed at once, by clients that are as many as `blobs`. */
export function parallelPushes(bytes: number, blobs: number): Scenario {
  const load: Load = { kind: 'large pushes', shape: 'patch', repository: 'bench/parallel', size: bytes, blobs }
  return { name: `push ${blobs} × ${formatSize(bytes)} at once`, unit: 'MB/s', load }
}

function formatSize(bytes: number): string {
  return bytes >= 1024 * mebibyte ? `${bytes / mebibyte / 1024} GiB` : `${bytes / mebibyte} MiB`
}
