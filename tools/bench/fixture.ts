import { createHash, hash, randomBytes } from 'node:crypto'
import { mkdirSync, openSync, writeFileSync, writeSync, closeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * A tree to read from, in the layout that both registries serve, written as files because pushing ten thousand
 * repositories would take longer than all that is measured.
 */
export interface Fixture {
  readonly images: {
    readonly repository: string
    readonly tags: readonly string[]
    readonly digests: readonly string[]
  }
  readonly smallBlobs: readonly string[]
  readonly largeBlob: string
  readonly largeBlobBytes: number
  /** By how many tags it has. */
  readonly tagged: Readonly<Record<5_000 | 10_000, string>>
  readonly repositories: number
}

const smallBlobBytes = 1024
const blockBytes = 1024 * 1024
const layersPerImage = 9

export interface FixtureSizes {
  readonly largeBlobBytes: number
  readonly repositories: number
}

export function writeFixture(tree: string, { largeBlobBytes, repositories }: FixtureSizes): Fixture {
  const root = join(tree, 'docker/registry/v2')
  const images = writeImages(root, 'bench/images', 100)
  const largeBlob = writeLargeBlob(root, largeBlobBytes)
  writeLink(join(root, 'repositories', images.repository, '_layers'), largeBlob)

  const one = images.digests[0]
  const blobs = images.blobs.slice(0, layersPerImage + 1)
  if (one === undefined) throw new Error('no image')
  const tagged = { 5_000: 'bench/tags-5000', 10_000: 'bench/tags-10000' }
  for (const [count, repository] of Object.entries(tagged)) {
    writeRepository(root, repository, one, blobs, names(Number(count), 'v1.'))
  }
  const others = repositories - 1 - Object.keys(tagged).length
  for (const service of names(others, 'service-')) {
    writeRepository(root, `team-${service.slice(-2)}/${service}`, one, [], ['latest'])
  }
  return { images, smallBlobs: images.blobs, largeBlob, largeBlobBytes, tagged, repositories }
}

function names(count: number, prefix: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`)
}

function writeImages(root: string, repository: string, count: number) {
  const tags = names(count, 'v')
  const blobs: string[] = []
  const digests = tags.map((tag) => {
    const [config, ...layers] = Array.from({ length: layersPerImage + 1 }, () => {
      const digest = writeBlob(root, randomBytes(smallBlobBytes))
      return { digest, size: smallBlobBytes }
    })
    blobs.push(...[config, ...layers].flatMap((each) => each?.digest ?? []))
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: layers.map((layer) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer })),
    }
    const digest = writeBlob(root, Buffer.from(JSON.stringify(manifest)))
    writeRepository(root, repository, digest, blobs.slice(-layersPerImage - 1), [tag])
    return digest
  })
  return { repository, tags, digests, blobs }
}

function writeRepository(
  root: string,
  repository: string,
  manifest: string,
  blobs: readonly string[],
  tags: readonly string[],
): void {
  const folder = join(root, 'repositories', repository)
  mkdirSync(join(folder, '_layers'), { recursive: true }) // what Distribution 2.8 knows a repository by
  for (const blob of blobs) writeLink(join(folder, '_layers'), blob)
  writeLink(join(folder, '_manifests/revisions'), manifest)
  for (const tag of tags) writeFile(join(folder, '_manifests/tags', tag, 'current/link'), manifest)
}

function writeBlob(root: string, content: Buffer): string {
  const encoded = hash('sha256', content)
  writeFile(blobPath(root, encoded), content)
  return `sha256:${encoded}`
}

function writeLargeBlob(root: string, size: number): string {
  const block = randomBytes(blockBytes)
  const sha256 = createHash('sha256')
  for (let at = 0; at < size; at += blockBytes) sha256.update(block)
  const encoded = sha256.digest('hex')
  writeFile(blobPath(root, encoded), '')
  const file = openSync(blobPath(root, encoded), 'w')
  for (let at = 0; at < size; at += blockBytes) writeSync(file, block)
  closeSync(file)
  return `sha256:${encoded}`
}

function blobPath(root: string, encoded: string): string {
  return join(root, 'blobs/sha256', encoded.slice(0, 2), encoded, 'data')
}

function writeLink(folder: string, digest: string): void {
  writeFile(join(folder, ...digest.split(':'), 'link'), digest)
}

function writeFile(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
