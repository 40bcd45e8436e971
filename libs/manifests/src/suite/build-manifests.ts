import type { Blobs } from '@berth/blobs'
import { type Digest, digestOf } from '@berth/digest'
import { type ErrorCode, registryErrors } from '@berth/errors'
import { mediaTypes } from '@berth/manifest'
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '@berth/reference'
import type { ManifestUpload } from '../manifests.ts'

export const repository = parseRepositoryName('library/alpine')
export const elsewhere = parseRepositoryName('library/busybox')
export const latest = parseTag('latest')

export const tagsNamed = (...names: readonly string[]): readonly Tag[] => names.map((name) => parseTag(name))
export const absentDigest = digestOf('nobody ever pushed this')

/** A descriptor of content, whether it is stored or not. */
function descriptorOf(content: string | Uint8Array, mediaType: string, more: object = {}): object {
  const { byteLength } = Buffer.from(content)
  return { mediaType, digest: digestOf(content), size: byteLength, ...more }
}

/** A manifest as a client sends it: of its digest where that is named, under its tags. */
export function upload(document: object, more: Partial<ManifestUpload> = {}): ManifestUpload {
  const { mediaType = mediaTypes.ociManifest } = document as { mediaType?: string }
  return { mediaType, tags: [], content: Buffer.from(JSON.stringify(document)), ...more }
}

/** An image's document, made different from others by `name`; its blobs are `blobsOf(name)`. */
export function imageDocument(name: string, more: object = {}): object {
  const [config, layer] = blobsOf(name)
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(config, mediaTypes.ociConfig),
    layers: [descriptorOf(layer, mediaTypes.ociLayerGzip)],
    ...more,
  }
}

export function indexDocument(children: readonly object[], more: object = {}): object {
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children, ...more }
}

function blobsOf(name: string): readonly [config: string, layer: string] {
  return [`{"config":${JSON.stringify(name)}}`, `layer of ${name}`]
}

/** Pushes the blobs of an image, and gives its manifest. */
export async function imageWithBlobs(
  blobs: Pick<Blobs, 'put'>,
  into: RepositoryName,
  name: string,
  more: Partial<ManifestUpload> & { document?: object } = {},
): Promise<ManifestUpload> {
  for (const blob of blobsOf(name)) await blobs.put(into, Buffer.from(blob))
  const { document, ...rest } = more
  return upload(imageDocument(name, document), rest)
}

/** How a child is named by an index. */
export function childOf({ content, mediaType }: ManifestUpload, more: object = {}): object {
  return descriptorOf(content, mediaType, more)
}

/** The codes that a call is refused with, each with what it is about; none where it is not refused. */
export async function faultsOf(call: Promise<unknown>): Promise<readonly [ErrorCode, unknown][]> {
  try {
    await call
    return []
  } catch (error) {
    const faults = registryErrors(error)
    if (faults.length === 0) throw error
    return faults.map(({ code, detail }) => [code, detail])
  }
}

export async function codesOf(call: Promise<unknown>): Promise<readonly ErrorCode[]> {
  return (await faultsOf(call)).map(([code]) => code)
}

export function digestOfUpload({ content }: ManifestUpload): Digest {
  return digestOf(content)
}
