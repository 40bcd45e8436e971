import { hash, randomBytes } from 'node:crypto'
import type { Connection } from './connection.ts'
import type { Job, Load, Measurement } from './job.ts'
import { measureRepeated } from './measure.ts'
import { expectStatus, locationOf, requestHead, startUpload, withDigest } from './request.ts'

type SmallPushes = Extract<Load, { kind: 'small pushes' }>

/** Pushes one new blob after another. */
export function measureSmallPushes(job: Job, load: SmallPushes): Promise<Measurement> {
  const template = randomBytes(load.size)
  let pushed = 0
  return measureRepeated(job, load.connections, async (connection) => {
    const content = Buffer.from(template)
    content.writeDoubleBE(pushed++)
    await pushSmallBlob(connection, load, content)
    return content.byteLength
  })
}

/** @returns its digest */
export async function pushSmallBlob(
  connection: Connection,
  load: Pick<SmallPushes, 'repository' | 'shape'>,
  content: Buffer,
): Promise<string> {
  const digest = `sha256:${hash('sha256', content)}`
  let location = await startUpload(connection, load.repository)
  let body = content
  if (load.shape === 'patch') {
    location = locationOf(expectStatus(await connection.exchange(withBody('PATCH', location, body)), 202))
    body = Buffer.alloc(0)
  }
  expectStatus(await connection.exchange(withBody('PUT', withDigest(location, digest), body)), 201)
  return digest
}

function withBody(method: string, path: string, body: Buffer): Buffer {
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': body.byteLength }
  return Buffer.concat([requestHead(method, path, headers), body])
}
