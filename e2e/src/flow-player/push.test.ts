import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { blobNamed, contentOf, imageNamed, mediaTypes } from './content.ts'
import { pushBlob, useRegistry } from './registry.ts'
import { answerOf, locationOf, type Wire } from './wire.ts'

const registry = useRegistry()
const octetStream = { 'Content-Type': 'application/octet-stream' }
const uploads = (repository: string): string => `/v2/${repository}/blobs/uploads/`

function* piecesOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('docker with its graphdriver store', () => {
  const docker = (): Wire => registry.connect({ 'User-Agent': 'docker/27.5.1 go/go1.22.11', 'Accept-Encoding': 'gzip' })

  /** Parses `Range` as Distribution's client library does. */
  const lastByteOf = (range: string | undefined): number => {
    const match = /^(\d+)-(\d+)/.exec(range ?? '')
    expect(match, `Range: ${range}`).not.toBeNull()
    return Number(match?.[2])
  }

  async function pushLayer(wire: Wire, repository: string, layer: ReturnType<typeof contentOf>): Promise<void> {
    const unknown = await wire.send('HEAD', `/v2/${repository}/blobs/${layer.digest}`)
    expect(unknown.status).toBe(404)

    const tries = []
    for (const from of ['library/one', 'library/two']) {
      const mount = { from, mount: layer.digest }
      tries.push(await wire.send('POST', uploads(repository), { query: mount }))
      expect(tries.at(-1)?.status).toBe(202)
    }
    const [superseded, started] = tries
    if (superseded === undefined || started === undefined) throw new Error('no upload was started')
    const cancelled = await wire.send('DELETE', locationOf(superseded))
    expect(cancelled.status).toBe(204)
    expect(started.headers['docker-upload-uuid']).toMatch(/^[\w-]+$/)

    const patched = await wire.send('PATCH', locationOf(started), {
      headers: octetStream,
      pieces: piecesOf(layer.bytes, 4096),
    })
    expect(patched.status).toBe(202)
    expect(patched.headers['docker-upload-uuid']).toBe(started.headers['docker-upload-uuid'])
    expect(lastByteOf(patched.headers.range)).toBe(Math.max(layer.size - 1, 0))

    const put = await wire.send('PUT', locationOf(patched, { digest: layer.digest }))
    expect(put.status).toBe(201)

    const known = await wire.send('HEAD', `/v2/${repository}/blobs/${layer.digest}`)
    expect(known.status).toBe(200)
    expect(known.headers['content-length']).toBe(String(layer.size))
  }

  it('pushes an image: mount tries, one PATCH of unknown length, an empty PUT for each layer', async () => {
    const wire = docker()
    const image = imageNamed('docker graphdriver', 'docker')
    const ping = await wire.send('GET', '/v2/')
    expect(ping.status).toBe(200)
    expect(ping.headers['docker-distribution-api-version']).toBe('registry/2.0')

    for (const layer of [...image.layers, image.config]) await pushLayer(wire, 'docker/graphdriver', layer)

    const put = await wire.send('PUT', '/v2/docker/graphdriver/manifests/latest', {
      headers: { 'Content-Type': mediaTypes.dockerManifest },
      body: image.manifest.bytes,
    })
    expect(put.status).toBe(201)
    expect(put.headers['docker-content-digest']).toBe(image.manifest.digest)
  })

  it('pushes an empty layer, and reads 0-0 as its range', async () => {
    const wire = docker()
    const empty = contentOf('')
    await pushLayer(wire, 'docker/empty', empty)
    expect((await wire.send('GET', `/v2/docker/empty/blobs/${empty.digest}`)).body).toHaveLength(0)
  })

  it('mounts a layer of a repository that has it', async () => {
    const wire = docker()
    const layer = blobNamed('mounted by docker', 2000)
    await pushBlob(wire, 'docker/source', layer)

    const mount = { from: 'docker/source', mount: layer.digest }
    const mounted = await wire.send('POST', uploads('docker/target'), { query: mount })

    expect(mounted.status).toBe(201)
    expect(mounted.headers['docker-content-digest']).toBe(layer.digest)
    expect((await wire.send('HEAD', `/v2/docker/target/blobs/${layer.digest}`)).status).toBe(200)
  })
})

describe('containerd, nerdctl, BuildKit and docker with the containerd store', () => {
  it('push an image: one PUT with its length for each blob', async () => {
    const wire = registry.connect({ 'User-Agent': 'containerd/2.1.4', 'Accept-Encoding': 'gzip' })
    const image = imageNamed('containerd')
    const tagged = await wire.send('HEAD', '/v2/containerd/push/manifests/latest', {
      headers: { Accept: `${mediaTypes.manifest}, */*` },
    })
    expect(tagged.status).toBe(404)

    for (const blob of [image.config, ...image.layers]) {
      const accept = { Accept: `${mediaTypes.layer}, */*` }
      const unknown = await wire.send('HEAD', `/v2/containerd/push/blobs/${blob.digest}`, { headers: accept })
      expect(unknown.status).toBe(404)
      const mount = { mount: blob.digest, from: 'containerd/elsewhere' }
      const started = await wire.send('POST', uploads('containerd/push'), { query: mount })
      expect(started.status).toBe(202)
      const put = await wire.send('PUT', locationOf(started, { digest: blob.digest }), {
        headers: octetStream,
        body: blob.bytes,
      })
      expect([200, 201, 202, 204]).toContain(put.status)
      expect(put.headers['docker-content-digest']).toBe(blob.digest)
    }

    const put = await wire.send('PUT', '/v2/containerd/push/manifests/latest', {
      headers: { 'Content-Type': mediaTypes.manifest },
      body: image.manifest.bytes,
    })
    expect([200, 201, 202, 204]).toContain(put.status)
    expect(put.headers['docker-content-digest']).toBe(image.manifest.digest)
  })
})

describe('podman, skopeo, buildah and CRI-O', () => {
  const podman = (): Wire =>
    registry.connect({ 'User-Agent': 'skopeo/1.18.0', 'Docker-Distribution-Api-Version': 'registry/2.0' })

  it.each([
    ['of known length', true],
    ['of unknown length', false],
  ])('push a layer with one PATCH %s and an empty PUT, taking exactly 202 and 201', async (title, known) => {
    const wire = podman()
    const layer = blobNamed(`podman ${title}`, 30_000)
    expect((await wire.send('GET', '/v2/')).status).toBe(200)
    expect((await wire.send('HEAD', `/v2/podman/push/blobs/${layer.digest}`)).status).toBe(404)

    const started = await wire.send('POST', uploads('podman/push'))
    expect(started.status).toBe(202)
    const sent = known ? { body: layer.bytes } : { pieces: piecesOf(layer.bytes, 8192) }
    const patched = await wire.send('PATCH', locationOf(started), { headers: octetStream, ...sent })
    expect(patched.status).toBe(202)
    const put = await wire.send('PUT', locationOf(patched, { digest: layer.digest }), { headers: octetStream })
    expect(put.status).toBe(201)

    const head = await wire.send('HEAD', `/v2/podman/push/blobs/${layer.digest}`)
    expect(head.headers['content-length']).toBe('30000')
  })

  it('cancel the upload that a mount became, and take 204', async () => {
    const wire = podman()
    const mount = { from: 'podman/none', mount: blobNamed('not there', 10).digest }
    const started = await wire.send('POST', uploads('podman/mount'), { query: mount })
    expect(started.status).toBe(202)

    expect((await wire.send('DELETE', locationOf(started))).status).toBe(204)
    expect((await wire.send('GET', locationOf(started))).status).toBe(404)
  })
})

describe('crane, ko, kaniko, cosign and flux', () => {
  const crane = (): Wire =>
    registry.connect({ 'User-Agent': 'crane/0.20.6 go-containerregistry/0.20.6', 'Accept-Encoding': 'gzip' })

  it('push a layer: a POST of JSON, one PATCH without a range, a PUT that must be 201', async () => {
    const wire = crane()
    const layer = blobNamed('crane', 20_000)
    expect((await wire.send('GET', '/v2/')).status).toBe(200)
    expect((await wire.send('HEAD', `/v2/crane/push/blobs/${layer.digest}`)).status).toBe(404)

    const mount = { mount: layer.digest, from: 'crane/base', origin: 'gcr.io' }
    const started = await wire.send('POST', uploads('crane/push'), {
      query: mount,
      headers: { 'Content-Type': 'application/json' },
    })
    expect([201, 202]).toContain(started.status)
    const patched = await wire.send('PATCH', locationOf(started), { headers: octetStream, pieces: [layer.bytes] })
    expect([201, 202, 204]).toContain(patched.status)
    const put = await wire.send('PUT', locationOf(patched, { digest: layer.digest }), { headers: octetStream })
    expect(put.status).toBe(201)
  })

  it('kaniko asks for an upload to see whether it may push, and abandons it', async () => {
    const wire = crane()
    for (let run = 0; run < 3; run++) {
      const started = await wire.send('POST', uploads('kaniko/check'), {
        headers: { 'Content-Type': 'application/json' },
      })
      expect(started.status).toBe(202)
    }
    const layer = blobNamed('kaniko', 100)
    await pushBlob(wire, 'kaniko/check', layer)
    expect((await wire.send('GET', '/v2/kaniko/check/tags/list')).status).toBe(404)
  })
})

describe('oras, notation, helm push and the GitOps libraries on oras-go', () => {
  it('push an artifact, and believe its HEAD', async () => {
    const wire = registry.connect({ 'User-Agent': 'oras/1.2.3', 'Accept-Encoding': 'gzip' })
    const chart = imageNamed('a chart')
    for (const blob of [...chart.layers, chart.config]) {
      expect((await wire.send('HEAD', `/v2/oras/push/blobs/${blob.digest}`)).status).toBe(404)
      const started = await wire.send('POST', uploads('oras/push'))
      expect(started.status).toBe(202)
      // oras-go 2.6.1 and later refuse to follow a Location to another host.
      expect(locationOf(started).host).toBe(registry.host)
      const put = await wire.send('PUT', locationOf(started, { digest: blob.digest }), {
        headers: octetStream,
        body: blob.bytes,
      })
      expect(put.status).toBe(201)
    }
    const target = `/v2/oras/push/manifests/${chart.manifest.digest}`
    const missing = await wire.send('HEAD', target, { headers: { Accept: mediaTypes.manifest } })
    expect(missing.status).toBe(404)
    const put = await wire.send('PUT', target, {
      headers: { 'Content-Type': mediaTypes.manifest },
      body: chart.manifest.bytes,
    })
    expect(put.status).toBe(201)

    const head = await wire.send('HEAD', target, { headers: { Accept: mediaTypes.manifest } })
    expect(head.status).toBe(200)
    expect(head.headers['docker-content-digest']).toBe(chart.manifest.digest)
    expect(head.headers['content-type']).toBe(mediaTypes.manifest)
    expect(head.headers['content-length']).toBe(String(chart.manifest.size))
  })
})

describe('regctl and regsync', () => {
  const regctl = (): Wire => registry.connect({ 'User-Agent': 'regclient/regctl (v0.9.0)', 'Accept-Encoding': 'gzip' })

  it('mount without naming a source, and have a known blob at once', async () => {
    const wire = regctl()
    const layer = blobNamed('regctl mount', 500)
    await pushBlob(wire, 'regctl/source', layer)

    const mounted = await wire.send('POST', `${uploads('regctl/target')}?mount=${layer.digest}`)

    expect(mounted.status).toBe(201)
    expect((await wire.send('HEAD', `/v2/regctl/target/blobs/${layer.digest}`)).status).toBe(200)
  })

  it('push in chunks, and after a refused one continue where the answer says', async () => {
    const wire = regctl()
    const layer = blobNamed('regctl chunks', 3000)
    const chunk = (start: number, end: number): { headers: Record<string, string>; body: Buffer } => ({
      headers: { ...octetStream, 'Content-Range': `${start}-${end - 1}` },
      body: layer.bytes.subarray(start, end),
    })
    const started = await wire.send('POST', `${uploads('regctl/chunks')}?mount=${layer.digest}`)
    expect(started.status).toBe(202)
    const first = await wire.send('PATCH', locationOf(started), chunk(0, 1000))
    expect(first.status).toBe(202)
    expect(first.headers.range).toBe('0-999')

    const again = await wire.send('PATCH', locationOf(first), chunk(0, 1000))
    expect(again.status).toBe(416)
    expect(again.headers.range).toBe('0-999')

    const second = await wire.send('PATCH', locationOf(again), chunk(1000, 2000))
    expect(second.status).toBe(202)
    const asked = await wire.send('GET', locationOf(first))
    expect(asked.status).toBe(204)
    expect(asked.headers.range).toBe('0-1999')
    const third = await wire.send('PATCH', locationOf(asked), chunk(2000, 3000))
    expect(third.headers.range).toBe('0-2999')
    const put = await wire.send('PUT', locationOf(third, { digest: layer.digest }), { headers: octetStream })
    expect(put.status).toBe(201)
    expect(put.headers['docker-content-digest']).toBe(layer.digest)
  })

  it('finish, in older versions, with an empty PUT that still names a range', async () => {
    const wire = regctl()
    const layer = blobNamed('old regctl', 1000)
    const started = await wire.send('POST', uploads('regctl/old'))
    const patched = await wire.send('PATCH', locationOf(started), {
      headers: { ...octetStream, 'Content-Range': '0-999' },
      body: layer.bytes,
    })
    const put = await wire.send('PUT', locationOf(patched, { digest: layer.digest }), {
      headers: { ...octetStream, 'Content-Range': '1000-1000' },
    })
    expect(put.status).toBe(201)
  })
})

describe('the .NET SDK', () => {
  it('asks after a failed chunk where the upload stands, and continues there', async () => {
    const wire = registry.connect({ 'User-Agent': '.NET Container Library' })
    const layer = blobNamed('.NET', 192 * 1024)
    const chunk = (start: number, end: number): { headers: Record<string, string>; body: Buffer } => ({
      headers: { ...octetStream, 'Content-Range': `${start}-${end - 1}` },
      body: layer.bytes.subarray(start, end),
    })
    const started = await wire.send('POST', uploads('dotnet/push'))
    expect(started.status).toBe(202)
    const first = await wire.send('PATCH', locationOf(started), chunk(0, 65_536))
    expect(first.status).toBe(202)

    const { outgoing, url } = wire.open('PATCH', locationOf(first), chunk(65_536, 131_072))
    outgoing.write(layer.bytes.subarray(65_536, 100_000))
    await flushed(outgoing)
    outgoing.destroy()
    expect(url.pathname).toContain('/dotnet/push/blobs/uploads/')

    const status = await wire.send('GET', locationOf(first))
    expect(status.status).toBe(204)
    const [, last] = /^0-(\d+)$/.exec(status.headers.range ?? '') ?? []
    const offset = Number(last) + 1
    expect(offset).toBeGreaterThanOrEqual(65_536)
    expect(offset).toBeLessThanOrEqual(100_000)

    const rest = await patchFrom(wire, status, layer.bytes, chunk)
    const put = await wire.send('PUT', locationOf(rest, { digest: layer.digest }))
    expect(put.status).toBe(201)
  })

  /** Where the registry was still taking in what came of the dropped chunk, the next one is refused: ask, and repeat. */
  async function patchFrom(
    wire: Wire,
    answer: Awaited<ReturnType<Wire['send']>>,
    bytes: Buffer,
    chunk: (start: number, end: number) => { headers: Record<string, string>; body: Buffer },
  ): Promise<Awaited<ReturnType<Wire['send']>>> {
    const offset = Number(answer.headers.range?.slice(2)) + 1
    const patched = await wire.send('PATCH', locationOf(answer), chunk(offset, bytes.length))
    if (patched.status === 416) return patchFrom(wire, patched, bytes, chunk)
    expect(patched.status).toBe(202)
    return patched
  }
})

describe('rust-oci-client and ocx', () => {
  it('push chunks of 4 MiB, each from where the last one ended', async () => {
    const wire = registry.connect({ 'User-Agent': 'oci-client/0.15.0', Accept: '*/*' })
    const layer = blobNamed('rust', 9 * 1024 * 1024)
    let answer = await wire.send('POST', uploads('rust/push'), { headers: { 'Content-Length': '0' } })
    expect(answer.status).toBe(202)
    for (let start = 0; start < layer.size; start += 4 * 1024 * 1024) {
      const body = layer.bytes.subarray(start, start + 4 * 1024 * 1024)
      const headers = { ...octetStream, 'Content-Range': `${start}-${start + body.length - 1}` }
      answer = await wire.send('PATCH', locationOf(answer), { headers, body })
      expect(answer.status).toBe(202)
      expect(answer.headers.range).toBe(`0-${start + body.length - 1}`)
    }
    const put = await wire.send('PUT', locationOf(answer, { digest: layer.digest }), {
      headers: { 'Content-Length': '0' },
    })
    expect(put.status).toBe(201)
    const got = await wire.send('GET', `/v2/rust/push/blobs/${layer.digest}`)
    expect(got.body.equals(layer.bytes)).toBe(true)
  })
})

describe('curl', () => {
  const curl = (): Wire => registry.connect({ 'User-Agent': 'curl/8.14.1', Accept: '*/*' })
  const expecting = { 'Content-Type': 'application/x-www-form-urlencoded', Expect: '100-continue' }

  it('is told to continue, and then sends its body', async () => {
    const wire = curl()
    const layer = blobNamed('curl', 2 * 1024 * 1024)
    const started = await wire.send('POST', uploads('curl/push'))
    const length = { 'Content-Length': String(layer.size) }
    const { outgoing, url } = wire.open('PUT', locationOf(started, { digest: layer.digest }), {
      headers: { ...expecting, ...length },
    })
    outgoing.flushHeaders()
    await once(outgoing, 'continue')
    outgoing.end(layer.bytes)

    expect((await answerOf(outgoing, url)).status).toBe(201)
  })

  it('is refused before it sends anything where the upload is not there', async () => {
    const wire = curl()
    const target = `${uploads('curl/push')}0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d?digest=${blobNamed('x', 1).digest}`
    const { outgoing, url } = wire.open('PUT', target, { headers: { ...expecting, 'Content-Length': '2097152' } })
    let continued = false
    outgoing.on('continue', () => {
      continued = true
    })
    outgoing.flushHeaders()

    const answer = await answerOf(outgoing, url)
    outgoing.destroy()

    expect(answer.status).toBe(404)
    expect(continued).toBe(false)
  })
})

async function flushed(outgoing: ReturnType<Wire['open']>['outgoing']): Promise<void> {
  await new Promise<void>((resolve) => {
    outgoing.write('', () => resolve())
  })
}
