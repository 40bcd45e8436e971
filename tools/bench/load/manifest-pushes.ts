import { randomBytes } from 'node:crypto'
import { Connection } from './connection.ts'
import type { Job, Load, Measurement } from './job.ts'
import { measureRepeated } from './measure.ts'
import { expectStatus, requestHead } from './request.ts'
import { pushSmallBlob } from './small-pushes.ts'

type ManifestPushes = Extract<Load, { kind: 'manifest pushes' }>

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

/** Pushes one new manifest after another; the blobs that they name are there before the clock runs. */
export async function measureManifestPushes(job: Job, load: ManifestPushes): Promise<Measurement> {
  const connection = await Connection.open(job.target.port)
  const image = await pushBlobs(connection, load.repository)
  connection.close()
  let pushed = 0
  return measureRepeated(job, load.connections, async (connection) => {
    const manifest = image.manifest(`number ${pushed}`)
    await putManifest(connection, load.repository, `v${pushed++ % load.tags}`, manifest)
    return manifest.byteLength
  })
}

/** Two blobs in a repository, which any number of manifests may name. */
export interface PushedBlobs {
  /** @param text makes it another one */
  manifest(text: string): Buffer
}

export async function pushBlobs(connection: Connection, repository: string): Promise<PushedBlobs> {
  const size = 1024
  const push = (): Promise<string> => pushSmallBlob(connection, { repository, shape: 'put' }, randomBytes(size))
  const config = { mediaType: types.config, digest: await push(), size }
  const layers = [{ mediaType: types.layer, digest: await push(), size }]
  const manifest = (text: string): Buffer =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers, annotations: { text } }))
  return { manifest }
}

export async function putManifest(
  connection: Connection,
  repository: string,
  tag: string,
  manifest: Buffer,
): Promise<void> {
  const headers = { 'Content-Type': types.manifest, 'Content-Length': manifest.byteLength }
  const head = requestHead('PUT', `/v2/${repository}/manifests/${tag}`, headers)
  expectStatus(await connection.exchange(Buffer.concat([head, manifest])), 201)
}
