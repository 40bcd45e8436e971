import { beforeAll, describe, expect, it } from 'vitest'
import { blobNamed, contentOf, descriptorOf, imageNamed, jsonOf, mediaTypes } from './content.ts'
import { pushBlob, pushImage, pushManifest, useRegistry } from './registry.ts'
import type { Wire } from './wire.ts'

const registry = useRegistry()
const image = imageNamed('pulled')
const dockerImage = imageNamed('pulled by docker', 'docker')
const layer = image.layers[0] ?? blobNamed('none', 0)
const manifestAt = (reference: string): string => `/v2/pull/image/manifests/${reference}`
const blobAt = (digest: string): string => `/v2/pull/image/blobs/${digest}`
const goClient = { 'Accept-Encoding': 'gzip' }

beforeAll(async () => {
  const wire = registry.connect({})
  await pushImage(wire, 'pull/image', 'latest', image)
  await pushImage(wire, 'pull/image', 'docker', dockerImage)
  await pushManifest(wire, 'pull/image', 'v1', image.mediaType, image.manifest)
})

describe('docker with its graphdriver store', () => {
  it('pulls a manifest by tag and by digest, then its blobs', async () => {
    const wire = registry.connect({ 'User-Agent': 'docker/27.5.1 go/go1.22.11', ...goClient })
    const Accept = [
      mediaTypes.dockerManifest,
      mediaTypes.dockerList,
      mediaTypes.manifest,
      mediaTypes.index,
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'application/json',
    ]
    for (const reference of ['docker', dockerImage.manifest.digest]) {
      const got = await wire.send('GET', manifestAt(reference), { headers: { Accept } })
      expect(got.status).toBe(200)
      expect(got.headers['content-type']).toBe(mediaTypes.dockerManifest)
      expect(got.headers['docker-content-digest']).toBe(dockerImage.manifest.digest)
      expect(got.body.equals(dockerImage.manifest.bytes)).toBe(true)
    }
    for (const blob of [dockerImage.config, ...dockerImage.layers]) {
      const got = await wire.send('GET', blobAt(blob.digest), { headers: { 'Accept-Encoding': 'identity' } })
      expect(got.status).toBe(200)
      expect(contentOf(got.body).digest).toBe(blob.digest)
    }
  })
})

describe('containerd, CRI and docker with the containerd store', () => {
  const containerd = (): Wire =>
    registry.connect({ 'User-Agent': 'containerd/2.1.4', 'Accept-Encoding': 'zstd;q=1.0, gzip;q=0.8, deflate;q=0.5' })
  const Accept = `${mediaTypes.dockerManifest}, ${mediaTypes.dockerList}, ${mediaTypes.manifest}, ${mediaTypes.index}, */*`

  it('resolve a tag, then pull by digest through a mirror, and get every byte as it was pushed', async () => {
    const wire = containerd()
    const head = await wire.send('HEAD', `${manifestAt('latest')}?ns=docker.io`, { headers: { Accept } })
    expect(head.status).toBe(200)
    expect(head.headers['docker-content-digest']).toBe(image.manifest.digest)
    expect(head.headers['content-type']).toBe(mediaTypes.manifest)
    expect(head.headers['content-length']).toBe(String(image.manifest.size))

    const got = await wire.send('GET', `${manifestAt(image.manifest.digest)}?ns=docker.io`, { headers: { Accept } })
    expect(got.headers['content-encoding']).toBeUndefined()
    expect(got.body.equals(image.manifest.bytes)).toBe(true)

    for (const blob of [image.config, ...image.layers]) {
      const headers = { Accept: `${mediaTypes.layer}, */*` }
      const fetched = await wire.send('GET', `${blobAt(blob.digest)}?ns=docker.io`, { headers })
      expect(fetched.status).toBe(200)
      expect(fetched.headers['content-encoding']).toBeUndefined()
      expect(fetched.headers['content-length']).toBe(String(blob.size))
      expect(fetched.body.equals(blob.bytes)).toBe(true)
    }
  })

  it('resume a pull where it broke off', async () => {
    const wire = containerd()
    const got = await wire.send('GET', blobAt(layer.digest), { headers: { Range: 'bytes=25000-' } })
    expect(got.status).toBe(206)
    expect(got.headers['content-range']).toBe('bytes 25000-39999/40000')
    expect(got.headers['content-length']).toBe('15000')
    expect(got.body.equals(layer.bytes.subarray(25_000))).toBe(true)
  })

  it('hang up on open-ended ranges once they have what they want, and nothing is the worse for it', async () => {
    const large = blobNamed('fetched in parallel', 12 * 1024 * 1024)
    await pushBlob(registry.connect({}), 'pull/large', large)
    const half = large.size / 2
    const taken = [0, half].map(async (start) => {
      const incoming = await containerd().read(`/v2/pull/large/blobs/${large.digest}`, {
        headers: { Range: `bytes=${start}-` },
      })
      expect(incoming.statusCode).toBe(206)
      const chunks: Buffer[] = []
      let read = 0
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        read += chunk.length
        if (read >= half) break
      }
      return Buffer.concat(chunks).subarray(0, half)
    })

    expect(Buffer.concat(await Promise.all(taken)).equals(large.bytes)).toBe(true)
    expect((await containerd().send('HEAD', `/v2/pull/large/blobs/${large.digest}`)).status).toBe(200)
  })

  it('list referrers, and read one JSON object', async () => {
    const wire = containerd()
    const query = { artifactType: 'application/vnd.example.sbom.v1', ns: 'docker.io' }
    const got = await wire.send('GET', `/v2/pull/image/referrers/${image.manifest.digest}`, { query })
    expect(got.status).toBe(200)
    expect(got.headers['content-type']).toBe(mediaTypes.index)
    expect(JSON.parse(got.body.toString())).toMatchObject({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [],
    })
  })
})

describe('podman, skopeo and CRI-O', () => {
  const podman = (): Wire => registry.connect({ 'User-Agent': 'containers/5.34.0', ...goClient })

  it('find no signature extension on the ping, and pull', async () => {
    const wire = podman()
    const ping = await wire.send('GET', '/v2/')
    expect(ping.status).toBe(200)
    expect(ping.headers['x-registry-supports-signatures']).not.toBe('1')
    const Accept = [mediaTypes.manifest, mediaTypes.dockerManifest, mediaTypes.index, mediaTypes.dockerList]
    expect((await wire.send('GET', manifestAt('latest'), { headers: { Accept } })).status).toBe(200)
  })

  it('fetch parts of a zstd:chunked layer in one request, and count exactly those they asked for', async () => {
    const wire = podman()
    const wanted = [
      [0, 99],
      [100, 199],
      [30_000, 30_000],
      [39_000, 39_999],
    ] as const
    const Range = `bytes=${wanted.map((each) => each.join('-')).join(',')}`

    const got = await wire.send('GET', blobAt(layer.digest), { headers: { Range } })

    expect(got.status).toBe(206)
    expect(got.headers['content-length']).toBe(String(got.body.length))
    const boundary = /^multipart\/byteranges; boundary=([^;]+)$/.exec(got.headers['content-type'] ?? '')?.[1]
    const [preamble, ...parts] = got.body.toString('latin1').split(`--${boundary}`)
    expect(preamble).toBe('')
    expect(parts.pop()).toBe('--\r\n')
    expect(parts).toHaveLength(wanted.length)
    for (const [index, [first, last]] of wanted.entries()) {
      const [head, ...content] = (parts[index] ?? '').split('\r\n\r\n')
      expect(head).toContain(`Content-Range: bytes ${first}-${last}/40000`)
      expect(content.join('\r\n\r\n')).toBe(`${layer.bytes.toString('latin1', first, last + 1)}\r\n`)
    }
  })

  it('fetch as many parts as they ever ask for in one request', async () => {
    const wire = podman()
    const ranges = Array.from({ length: 1024 }, (_, index) => `${index * 39}-${index * 39 + 9}`)
    const got = await wire.send('GET', blobAt(layer.digest), { headers: { Range: `bytes=${ranges.join(',')}` } })
    expect(got.status).toBe(206)
    expect(got.body.toString('latin1').match(/Content-Range: bytes/g)).toHaveLength(1024)
  })
})

describe('stargz and SOCI snapshotters', () => {
  it('read a layer in many small ranges', async () => {
    const wire = registry.connect({ 'User-Agent': 'stargz-snapshotter/0.16.3', ...goClient })
    const footer = await wire.send('GET', blobAt(layer.digest), { headers: { Range: 'bytes=-51' } })
    expect(footer.status).toBe(206)
    expect(footer.headers['content-range']).toBe('bytes 39949-39999/40000')
    for (let start = 0; start < layer.size; start += 1000) {
      const headers = { Range: `bytes=${start}-${start + 999}`, Accept: '*/*' }
      const got = await wire.send('GET', blobAt(layer.digest), { headers })
      expect(got.status).toBe(206)
      expect(got.body.equals(layer.bytes.subarray(start, start + 1000))).toBe(true)
    }
  })
})

describe('clients that follow referrers', () => {
  const sbomType = 'application/vnd.example.sbom.v1'
  const subject = imageNamed('signed')
  const empty = contentOf('{}')
  const referrer = (artifactType: string): ReturnType<typeof jsonOf> =>
    jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: descriptorOf('application/vnd.oci.empty.v1+json', empty),
      layers: [descriptorOf('application/vnd.oci.empty.v1+json', empty)],
      subject: descriptorOf(mediaTypes.manifest, subject.manifest),
      annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
    })
  const sbom = referrer(sbomType)
  const bundle = referrer('application/vnd.dev.sigstore.bundle.v0.3+json')

  beforeAll(async () => {
    const wire = registry.connect({})
    await pushImage(wire, 'pull/signed', 'latest', subject)
    await pushBlob(wire, 'pull/signed', empty)
    for (const each of [sbom, bundle]) await pushManifest(wire, 'pull/signed', each.digest, mediaTypes.manifest, each)
  })

  it('go-containerregistry gets 200 and all of them', async () => {
    const wire = registry.connect({ 'User-Agent': 'crane/0.20.6', ...goClient, Accept: mediaTypes.index })
    const got = await wire.send('GET', `/v2/pull/signed/referrers/${subject.manifest.digest}`)
    expect(got.status).toBe(200)
    const digests = (JSON.parse(got.body.toString()) as { manifests: { digest: string }[] }).manifests.map(
      ({ digest }) => digest,
    )
    expect(new Set(digests)).toEqual(new Set([sbom.digest, bundle.digest]))
  })

  it('oras-go is told that its filter was applied, and gets 200 with nothing for what has no referrers', async () => {
    const wire = registry.connect({ 'User-Agent': 'oras/1.2.3', ...goClient })
    const filtered = await wire.send('GET', `/v2/pull/signed/referrers/${subject.manifest.digest}`, {
      query: { artifactType: sbomType },
    })
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
    expect(filtered.headers['content-type']).toBe(mediaTypes.index)
    expect(JSON.parse(filtered.body.toString())).toMatchObject({
      manifests: [{ digest: sbom.digest, artifactType: sbomType, size: sbom.size }],
    })

    const none = await wire.send('GET', `/v2/pull/signed/referrers/${blobNamed('unknown', 5).digest}`)
    expect(none.status).toBe(200)
    expect(JSON.parse(none.body.toString())).toMatchObject({ manifests: [] })
  })

  it('cosign and kyverno find a bundle by its subject, or by the fallback tag of older pushes', async () => {
    const wire = registry.connect({ 'User-Agent': 'cosign/v3.0.2', ...goClient })
    const query = { artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }
    const got = await wire.send('GET', `/v2/pull/signed/referrers/${subject.manifest.digest}`, { query })
    expect(JSON.parse(got.body.toString())).toMatchObject({ manifests: [{ digest: bundle.digest }] })

    const fallback = subject.manifest.digest.replace(':', '-')
    const index = jsonOf({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] })
    expect((await wire.send('GET', `/v2/pull/signed/manifests/${fallback}`)).status).toBe(404)
    await pushManifest(wire, 'pull/signed', fallback, mediaTypes.index, index)
    expect((await wire.send('GET', `/v2/pull/signed/manifests/${fallback}`)).status).toBe(200)
  })
})

describe('go-containerregistry tools', () => {
  it('pull with GET alone', async () => {
    const wire = registry.connect({ 'User-Agent': 'ko/0.18.0 go-containerregistry/0.20.6', ...goClient })
    const Accept = `${mediaTypes.dockerManifest},${mediaTypes.manifest},${mediaTypes.index},${mediaTypes.dockerList}`
    expect((await wire.send('GET', '/v2/')).status).toBe(200)
    const got = await wire.send('GET', manifestAt('latest'), { headers: { Accept } })
    expect(got.status).toBe(200)
    expect(contentOf(got.body).digest).toBe(got.headers['docker-content-digest'])
    expect((await wire.send('GET', blobAt(layer.digest))).body.equals(layer.bytes)).toBe(true)
  })
})

describe('oras-go', () => {
  it('is told that it can seek in blobs', async () => {
    const wire = registry.connect({ 'User-Agent': 'oras/1.2.3', ...goClient })
    const head = await wire.send('HEAD', blobAt(layer.digest))
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe('40000')
    const got = await wire.send('GET', blobAt(layer.digest))
    expect(got.headers['accept-ranges']).toBe('bytes')
    const sought = await wire.send('GET', blobAt(layer.digest), { headers: { Range: 'bytes=39990-39999' } })
    expect(sought.status).toBe(206)
    expect(sought.body.equals(layer.bytes.subarray(39_990))).toBe(true)
  })
})

describe('helm', () => {
  it('pulls a chart by its version', async () => {
    const chartConfig = jsonOf({ name: 'mychart', version: '0.1.0', apiVersion: 'v2' })
    const chart = blobNamed('mychart-0.1.0.tgz', 2500)
    const manifest = jsonOf({
      schemaVersion: 2,
      config: descriptorOf('application/vnd.cncf.helm.config.v1+json', chartConfig),
      layers: [descriptorOf('application/vnd.cncf.helm.chart.content.v1.tar+gzip', chart)],
      annotations: { 'org.opencontainers.image.title': 'mychart' },
    })
    const wire = registry.connect({ 'User-Agent': 'Helm/3.18.4', ...goClient })
    for (const blob of [chartConfig, chart]) await pushBlob(wire, 'charts/mychart', blob)
    await pushManifest(wire, 'charts/mychart', '0.1.0', mediaTypes.manifest, manifest)

    const head = await wire.send('HEAD', '/v2/charts/mychart/manifests/0.1.0', {
      headers: { Accept: mediaTypes.manifest },
    })
    expect(head.headers['docker-content-digest']).toBe(manifest.digest)
    const got = await wire.send('GET', `/v2/charts/mychart/manifests/${manifest.digest}`, {
      headers: { Accept: mediaTypes.manifest },
    })
    expect(got.body.equals(manifest.bytes)).toBe(true)
    expect((await wire.send('GET', `/v2/charts/mychart/blobs/${chart.digest}`)).body.equals(chart.bytes)).toBe(true)
  })
})

describe('flux source-controller', () => {
  it('resolves with HEAD, and gets the manifest and one layer', async () => {
    const wire = registry.connect({ 'User-Agent': 'flux/v2', ...goClient })
    const Accept = `${mediaTypes.manifest},${mediaTypes.index},${mediaTypes.dockerManifest},${mediaTypes.dockerList}`
    const head = await wire.send('HEAD', manifestAt('latest'), { headers: { Accept } })
    expect(head.status).toBe(200)
    const digest = head.headers['docker-content-digest'] as string
    const got = await wire.send('GET', manifestAt(digest), { headers: { Accept } })
    const { layers } = JSON.parse(got.body.toString()) as { layers: { digest: string }[] }
    const fetched = await wire.send('GET', blobAt(layers[1]?.digest ?? ''))
    expect(contentOf(fetched.body).digest).toBe(layers[1]?.digest)
  })
})

describe('argo-cd and its image updater', () => {
  it('poll a tag with HEAD', async () => {
    const wire = registry.connect({ 'User-Agent': 'argocd-repo-server', ...goClient })
    for (let poll = 0; poll < 20; poll++) {
      const head = await wire.send('HEAD', manifestAt('v1'), { headers: { Accept: mediaTypes.manifest } })
      expect(head.headers['docker-content-digest']).toBe(image.manifest.digest)
      expect(head.body).toHaveLength(0)
    }
  })

  it.each([
    ['no Accept', {}],
    ['an Accept that is too narrow', { Accept: mediaTypes.dockerManifest }],
    ['an Accept of JSON', { Accept: 'application/json' }],
  ])('list tags, and get what is stored with %s', async (_, headers) => {
    const wire = registry.connect({ 'User-Agent': 'argocd-image-updater' })
    const tags = await wire.send('GET', '/v2/pull/image/tags/list')
    expect(JSON.parse(tags.body.toString())).toEqual({ name: 'pull/image', tags: ['docker', 'latest', 'v1'] })
    const got = await wire.send('GET', manifestAt('latest'), { headers })
    expect(got.status).toBe(200)
    expect(got.headers['content-type']).toBe(mediaTypes.manifest)
  })
})

describe('Nexus and Distribution as proxies in front', () => {
  it('ask with HEAD for a blob before they get it, and get it without being sent elsewhere', async () => {
    const wire = registry.connect({ 'User-Agent': 'Go-http-client/1.1', ...goClient })
    const head = await wire.send('HEAD', blobAt(layer.digest))
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe('40000')
    const got = await wire.send('GET', blobAt(layer.digest))
    expect(got.status).toBe(200)
    expect(got.body.equals(layer.bytes)).toBe(true)
    const cached = await wire.send('GET', blobAt(layer.digest), {
      headers: { 'If-None-Match': got.headers.etag ?? '' },
    })
    expect(cached.status).toBe(304)
  })
})
