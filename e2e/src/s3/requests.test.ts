import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FaultyProxy } from '@berth/storage-s3/faulty-proxy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import { blobNamed, type Content, type Image, imageNamed } from '../flow-player/content.ts'
import { pushBlob, pushImage, pushManifest } from '../flow-player/registry.ts'
import { Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { driverIn, s3Access } from '../storage.ts'

const repository = 'counted/image'

let folder: string
let proxy: FaultyProxy
let berth: RegistryProcess
let wire: Wire
/** Another process on the bucket, whose requests are not counted. */
let other: RegistryProcess
let otherWire: Wire
let image: Image
let second: Image

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-requests-'))
  proxy = await FaultyProxy.to(s3Access().endpoint)
  const { s3 } = driverIn(folder, 's3')
  const start = (store: object): Promise<RegistryProcess> => {
    const storage = { s3: { ...s3, ...store }, redirect: { disable: true } }
    return startBerth({ folder, topology: 'all-in-one', settings: { storage } })
  }
  berth = await start({ regionendpoint: proxy.endpoint })
  other = await start({})
  wire = new Wire(berth.host, {})
  otherWire = new Wire(other.host, {})
  image = imageNamed('first')
  await pushImage(wire, repository, 'first', image)
  second = imageNamed('first', 'oci', { annotations: { name: 'second' } })
})

afterAll(async () => {
  for (const each of [wire, otherWire]) each.close()
  for (const each of [berth, other]) await each.kill()
  await proxy.close()
  await rm(folder, { recursive: true, force: true })
})

/** What the store was asked while `work` was done, in order of names, since much of it is asked at once. */
async function requestsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  proxy.seen.splice(0)
  await work()
  return proxy.seen.map(named).sort()
}

/** `GET tag`. */
function named(line: string): string {
  const [method, url = ''] = line.split(' ')
  const kinds = [
    ['/_manifests/tags/', 'tag'],
    ['/_manifests/revisions/', 'revision'],
    ['/_layers/', 'link'],
    ['/blobs/', 'content'],
  ] as const
  return `${method} ${kinds.find(([part]) => url.includes(part))?.[1] ?? url}`
}

async function ask(method: 'GET' | 'HEAD', path: string): Promise<void> {
  expect((await wire.send(method, `/v2/${repository}/${path}`)).status).toBe(200)
}

const put = (tag: string, { mediaType, manifest }: Image) =>
  requestsOf(() => pushManifest(wire, repository, tag, mediaType, manifest))

describe('the store is asked', () => {
  // Its link is read at the end, so that no tag is acknowledged that a deletion left without its manifest.
  const pushed = ['GET revision', 'PUT content', 'PUT revision', 'PUT tag', 'PUT tag']

  it('for a manifest that is new, with a new tag, to take it and to show its link', async () => {
    expect(await put('second', second)).toEqual(pushed)
  })

  it('for a manifest whose tag moves as much', async () => {
    expect(await put('first', imageNamed('first', 'oci', { annotations: { name: 'third' } }))).toEqual(pushed)
  })

  it('for a manifest that was just pushed to take its links alone', async () => {
    expect(await put('third', second)).toEqual(pushed.filter((request) => request !== 'PUT content'))
  })

  it.each(['GET', 'HEAD'] as const)('for a manifest that is asked for again by %s and tag, for its tag', async (by) => {
    await ask(by, 'manifests/second')
    expect(await requestsOf(() => ask(by, 'manifests/second'))).toEqual(['GET tag'])
  })

  it.each(['GET', 'HEAD'] as const)('for one that is asked for again by %s and digest, nothing', async (by) => {
    await ask(by, `manifests/${image.manifest.digest}`)
    expect(await requestsOf(() => ask(by, `manifests/${image.manifest.digest}`))).toEqual([])
  })

  it('for a blob that was just pushed, for its content alone', async () => {
    const blob = await pushedBlob('read')
    expect(await requestsOf(() => ask('HEAD', `blobs/${blob.digest}`))).toEqual([])
    expect(await requestsOf(() => ask('GET', `blobs/${blob.digest}`))).toEqual(['GET content'])
  })

  it('for a blob that is mounted from where it was seen, to take the link', async () => {
    const { digest } = await pushedBlob('mounted')
    expect(await requestsOf(() => mount(digest))).toEqual(['PUT link'])
  })
})

describe('of what another process has pushed, the store is asked', () => {
  it('for a blob that is mounted, for its link and its content, and to take the link', async () => {
    const { digest } = await pushedBlob('mounted from elsewhere', otherWire)
    expect(await requestsOf(() => mount(digest))).toEqual(['GET link', 'HEAD content', 'PUT link'])
  })

  it('for a blob, for its link and its content', async () => {
    const { digest } = await pushedBlob('pushed elsewhere', otherWire)
    expect(await requestsOf(() => ask('HEAD', `blobs/${digest}`))).toEqual(['GET link', 'HEAD content'])
    expect(await requestsOf(() => ask('GET', `blobs/${digest}`))).toEqual(['GET content'])
  })

  it.each(['GET', 'HEAD'] as const)(
    'for a manifest by %s and tag, for the tag, its link and its content',
    async (by) => {
      const tag = `elsewhere-${by.toLowerCase()}`
      await pushImage(otherWire, repository, tag, imageNamed(tag))
      expect(await requestsOf(() => ask(by, `manifests/${tag}`))).toEqual(['GET content', 'GET revision', 'GET tag'])
    },
  )
})

it('a blob that is known is no manifest, and a manifest no blob', async () => {
  await ask('GET', `manifests/${image.manifest.digest}`)
  expect((await wire.send('HEAD', `/v2/${repository}/blobs/${image.manifest.digest}`)).status).toBe(404)
  const { manifest } = imageNamed('a blob')
  await pushBlob(wire, repository, manifest)
  await ask('HEAD', `blobs/${manifest.digest}`)
  expect((await wire.send('GET', `/v2/${repository}/manifests/${manifest.digest}`)).status).toBe(404)
})

it('what was deleted is not remembered', async () => {
  const { digest } = image.manifest
  await ask('GET', `manifests/${digest}`)
  expect((await wire.send('DELETE', `/v2/${repository}/manifests/${digest}`)).status).toBe(202)
  expect((await wire.send('GET', `/v2/${repository}/manifests/${digest}`)).status).toBe(404)
})

async function pushedBlob(name: string, by = wire): Promise<Content> {
  const blob = blobNamed(name, 1024)
  await pushBlob(by, repository, blob)
  return blob
}

async function mount(digest: string): Promise<void> {
  const query = { mount: digest, from: repository }
  expect((await wire.send('POST', '/v2/counted/mounted/blobs/uploads/', { query })).status).toBe(201)
}
