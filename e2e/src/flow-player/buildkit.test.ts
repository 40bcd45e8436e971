import { describe, expect, it } from 'vitest'
import { blobNamed, descriptorOf, imageNamed, jsonOf, mediaTypes } from './content.ts'
import { pushBlob, pushImage, useRegistry } from './registry.ts'

const registry = useRegistry()
const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0'
const buildkit = { 'User-Agent': 'buildkit/v0.23', 'Accept-Encoding': 'gzip' }

describe('BuildKit', () => {
  it('exports its cache as an image manifest with a configuration of its own', async () => {
    const wire = registry.connect(buildkit)
    const config = jsonOf({ layers: [{ parent: -1 }], records: [] })
    const layer = blobNamed('cached layer', 900)
    for (const blob of [config, layer]) await pushBlob(wire, 'cache/image', blob)
    const manifest = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(cacheConfigType, config),
      layers: [descriptorOf(mediaTypes.layer, layer)],
    })

    const put = await wire.send('PUT', '/v2/cache/image/manifests/buildcache', {
      headers: { 'Content-Type': mediaTypes.manifest },
      body: manifest.bytes,
    })

    expect(put.status).toBe(201)
    expect(put.headers['docker-content-digest']).toBe(manifest.digest)
  })

  it('exports its cache, by default, as an index whose entries are layers', async () => {
    const wire = registry.connect(buildkit)
    const config = jsonOf({ layers: [{ parent: -1 }], records: [] })
    const layer = blobNamed('cached layer of an index', 900)
    for (const blob of [config, layer]) await pushBlob(wire, 'cache/index', blob)
    const indexOf = (...entries: object[]): ReturnType<typeof jsonOf> =>
      jsonOf({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries })
    const entries = [descriptorOf(mediaTypes.layer, layer), descriptorOf(cacheConfigType, config)]
    const index = indexOf(...entries)

    const headers = { 'Content-Type': mediaTypes.index }
    const put = await wire.send('PUT', '/v2/cache/index/manifests/buildcache', { headers, body: index.bytes })
    expect(put.status).toBe(201)
    const got = await wire.send('GET', '/v2/cache/index/manifests/buildcache', {
      headers: { Accept: mediaTypes.index },
    })
    expect(got.body.equals(index.bytes)).toBe(true)

    const missing = descriptorOf(mediaTypes.layer, blobNamed('never pushed', 3))
    const broken = indexOf(...entries, missing)
    const refused = await wire.send('PUT', '/v2/cache/index/manifests/broken', { headers, body: broken.bytes })
    expect(refused.status).toBe(400)
    expect(JSON.parse(refused.body.toString())).toMatchObject({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] })
  })

  it('pushes attestations as children of an unknown platform', async () => {
    const wire = registry.connect(buildkit)
    const image = imageNamed('attested')
    await pushImage(wire, 'build/attested', image.manifest.digest, image)
    const attestation = imageNamed('attestation')
    await pushImage(wire, 'build/attested', attestation.manifest.digest, attestation)
    const index = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [
        {
          ...descriptorOf(mediaTypes.manifest, attestation.manifest),
          platform: { architecture: 'unknown', os: 'unknown' },
          annotations: {
            'vnd.docker.reference.digest': image.manifest.digest,
            'vnd.docker.reference.type': 'attestation-manifest',
          },
        },
        { ...descriptorOf(mediaTypes.manifest, image.manifest), platform: { architecture: 'amd64', os: 'linux' } },
      ],
    })

    const put = await wire.send('PUT', '/v2/build/attested/manifests/latest', {
      headers: { 'Content-Type': mediaTypes.index },
      body: index.bytes,
    })

    expect(put.status).toBe(201)
    const got = await wire.send('GET', '/v2/build/attested/manifests/latest', {
      headers: { Accept: `${mediaTypes.index}, ${mediaTypes.manifest}` },
    })
    expect(got.body.equals(index.bytes)).toBe(true)
  })
})
