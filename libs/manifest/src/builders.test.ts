import { digestOf, parseDigest } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import { ImageBuilder } from './image-builder.ts'
import { IndexBuilder } from './index-builder.ts'
import { mediaTypes } from './media-types.ts'
import { parseManifest } from './parse-manifest.ts'

const config = Buffer.from('{"architecture":"amd64"}')
const layer = {
  mediaType: mediaTypes.dockerLayerGzip,
  digest: parseDigest('sha256:62d8908bee94c202b2d35224a221aaa2058318bfa9879fa541efaecba272331b'),
  size: 153263,
}

describe('an image that is built', () => {
  it('is schema2 as Docker writes it, with its configuration', () => {
    const built = new ImageBuilder({ mediaType: mediaTypes.schema2, config }).append(layer).build()
    expect(Buffer.from(built.content).toString()).toBe(`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
   "config": {
      "mediaType": "application/vnd.docker.container.image.v1+json",
      "size": 24,
      "digest": "${digestOf(config)}"
   },
   "layers": [
      {
         "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
         "size": 153263,
         "digest": "sha256:62d8908bee94c202b2d35224a221aaa2058318bfa9879fa541efaecba272331b"
      }
   ]
}`)
    expect(built).toMatchObject({
      mediaType: mediaTypes.schema2,
      digest: digestOf(built.content),
      blobs: [{ digest: digestOf(config), content: config }],
    })
  })

  it('is an OCI manifest as OCI writes it, escaped as Go escapes', () => {
    const builder = new ImageBuilder({ mediaType: mediaTypes.ociManifest, config, annotations: { a: '<&>\u2028' } })
    const built = builder.append({ ...layer, mediaType: mediaTypes.ociLayerGzip, annotations: {}, urls: [] }).build()
    expect(Buffer.from(built.content).toString()).toBe(`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.oci.image.manifest.v1+json",
   "config": {
      "mediaType": "application/vnd.oci.image.config.v1+json",
      "digest": "${digestOf(config)}",
      "size": 24
   },
   "layers": [
      {
         "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
         "digest": "sha256:62d8908bee94c202b2d35224a221aaa2058318bfa9879fa541efaecba272331b",
         "size": 153263
      }
   ],
   "annotations": {
      "a": "\\u003c\\u0026\\u003e\\u2028"
   }
}`)
  })

  it('has a configuration of the type that is asked for, and layers in the order they came', () => {
    const options = { mediaType: mediaTypes.schema2, config, configMediaType: mediaTypes.dockerPluginConfig } as const
    const builder = new ImageBuilder(options)
    const layers = ['one', 'two'].map((text) => ({ ...layer, digest: digestOf(text) }))
    for (const each of layers) builder.append(each)
    const manifest = parseManifest(builder.build().content, mediaTypes.schema2)
    expect(manifest.configMediaType).toBe(mediaTypes.dockerPluginConfig)
    expect(manifest.references.slice(1).map(({ descriptor }) => descriptor)).toEqual(layers)
  })
})

describe('a list that is built', () => {
  const child = (mediaType: string) => ({ ...layer, mediaType, platform: { architecture: 'amd64', os: 'linux' } })

  it('is Docker’s of Docker’s manifests, or of none', () => {
    const built = new IndexBuilder().append(child(mediaTypes.schema2)).build()
    expect(Buffer.from(built.content).toString()).toBe(`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
   "manifests": [
      {
         "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "size": 153263,
         "digest": "sha256:62d8908bee94c202b2d35224a221aaa2058318bfa9879fa541efaecba272331b",
         "platform": {
            "architecture": "amd64",
            "os": "linux"
         }
      }
   ]
}`)
    expect(built).toMatchObject({ digest: digestOf(built.content), blobs: [] })
    expect(new IndexBuilder().build().mediaType).toBe(mediaTypes.manifestList)
  })

  it('is an index where the first is OCI’s', () => {
    const builder = new IndexBuilder().append(child(mediaTypes.ociManifest)).append(child(mediaTypes.schema2))
    const { mediaType, content } = builder.build()
    expect(mediaType).toBe(mediaTypes.ociIndex)
    expect(parseManifest(content, mediaType).references).toHaveLength(2)
  })
})
