import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Content, contentOf, descriptorOf, jsonOf, mediaTypes } from './flow-player/content.ts'

export interface LayoutImage {
  readonly manifest: Content
  readonly config: Content
  readonly layers: readonly Content[]
}

/** An image that real clients accept and unpack: its layers are archives, and its configuration knows their content. */
export function unpackableImage(name: string, architecture = 'amd64'): LayoutImage {
  const archives = [`first layer of ${name}`, `second layer of ${name}`].map((text, at) => {
    return tarOf(`layer-${at}.txt`, `${text} for ${architecture}\n`)
  })
  const layers = archives.map((archive) => contentOf(gzipSync(archive)))
  const config = jsonOf({
    architecture,
    os: 'linux',
    config: { Labels: { name } },
    rootfs: { type: 'layers', diff_ids: archives.map((archive) => contentOf(archive).digest) },
    history: archives.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'a test' })),
  })
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorOf(mediaTypes.config, config),
    layers: layers.map((layer) => descriptorOf(mediaTypes.layer, layer)),
  })
  return { manifest, config, layers }
}

/** Writes one image, under a tag, as an OCI image layout (image-spec, "Image Layout"). */
export async function writeLayout(folder: string, tag: string, image: LayoutImage): Promise<void> {
  await writeBlobs(folder, [image])
  await writeIndex(folder, tag, descriptorOf(mediaTypes.manifest, image.manifest))
}

/** Writes an index of images for several architectures as a layout, and returns the index. */
export async function writeIndexLayout(
  folder: string,
  tag: string,
  images: Readonly<Record<string, LayoutImage>>,
): Promise<Content> {
  await writeBlobs(folder, Object.values(images))
  const index = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: Object.entries(images).map(([architecture, { manifest }]) => ({
      ...descriptorOf(mediaTypes.manifest, manifest),
      platform: { architecture, os: 'linux' },
    })),
  })
  await writeBlob(folder, index)
  await writeIndex(folder, tag, descriptorOf(mediaTypes.index, index))
  return index
}

async function writeBlobs(folder: string, images: readonly LayoutImage[]): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  for (const { manifest, config, layers } of images) {
    for (const content of [manifest, config, ...layers]) await writeBlob(folder, content)
  }
}

function writeBlob(folder: string, { digest, bytes }: Content): Promise<void> {
  return writeFile(join(folder, 'blobs', digest.replace(':', '/')), bytes)
}

function writeIndex(folder: string, tag: string, descriptor: object): Promise<void> {
  const named = { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } }
  return writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
}

const tarBlock = 512

/** A tar archive (ustar) of one file. */
function tarOf(name: string, text: string): Buffer {
  const content = Buffer.from(text)
  const header = Buffer.alloc(tarBlock)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  const fields: readonly [number, string][] = [
    [0, name],
    [100, octal(0o644, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(content.byteLength, 11)],
    [136, octal(0, 11)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\0' + '00'],
  ]
  for (const [offset, value] of fields) header.write(value, offset, 'latin1')
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${octal(checksum, 6)} `, 148, 'latin1')
  const padding = (tarBlock - (content.byteLength % tarBlock)) % tarBlock
  return Buffer.concat([header, content, Buffer.alloc(padding + 2 * tarBlock)])
}
