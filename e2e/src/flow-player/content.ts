import { createCipheriv, createHash } from 'node:crypto'

export interface Content {
  readonly bytes: Buffer
  readonly digest: string
  readonly size: number
}

export const mediaTypes = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

export function contentOf(bytes: Uint8Array | string, algorithm: 'sha256' | 'sha512' = 'sha256'): Content {
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
  return { bytes: Buffer.from(bytes), digest, size: Buffer.byteLength(bytes) }
}

/** Bytes that no other name gives, the same in each run. */
export function blobNamed(name: string, size: number): Content {
  const key = createHash('md5').update(name).digest()
  return contentOf(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)))
}

export function jsonOf(value: unknown): Content {
  return contentOf(JSON.stringify(value))
}

export function descriptorOf(
  mediaType: string,
  { digest, size }: Content,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size }
}

export interface Image {
  readonly config: Content
  readonly layers: readonly Content[]
  readonly manifest: Content
  readonly mediaType: string
}

/** An image of two layers; all of it is of this name alone. */
export function imageNamed(name: string, kind: 'oci' | 'docker' = 'oci', extra: object = {}): Image {
  const types =
    kind === 'oci'
      ? { manifest: mediaTypes.manifest, config: mediaTypes.config, layer: mediaTypes.layer }
      : { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig, layer: mediaTypes.dockerLayer }
  const layers = [blobNamed(`${name}, first layer`, 40_000), blobNamed(`${name}, second layer`, 1_300)]
  const diffIds = layers.map(({ digest }) => digest)
  const config = jsonOf({
    architecture: 'amd64',
    os: 'linux',
    comment: name,
    rootfs: { type: 'layers', diff_ids: diffIds },
  })
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptorOf(types.config, config),
    layers: layers.map((layer) => descriptorOf(types.layer, layer)),
    ...extra,
  })
  return { config, layers, manifest, mediaType: types.manifest }
}
