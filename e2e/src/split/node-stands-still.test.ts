import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storedIn } from '../storage.ts'
import { type Answer, answerOf } from '../flow-player/wire.ts'
import { ChunkedPush } from './chunked-push.ts'
import { type BlobNode, Deployment, freeze, until } from './deployment.ts'
import { GeneratedBlob } from './generated-blob.ts'
import { digestServed } from './pulled.ts'

const MiB = 1024 * 1024
/** More than a connection's buffers take, so that a node must have taken some of what was sent. */
const sentBytes = 24 * MiB

let deployment: Deployment
let nodes: readonly BlobNode[]
let stopped: BlobNode
let others: readonly BlobNode[]

beforeAll(async () => {
  deployment = await Deployment.start()
})

beforeEach(async () => {
  nodes = await deployment.blobNodes()
  ;[stopped, ...others] = nodes as [BlobNode, ...BlobNode[]]
})

afterAll(() => deployment.close())

describe('a blob node that stands still in mid-chunk', () => {
  const chunkBytes = 32 * MiB

  it('adds nothing when it goes on after the upload was completed elsewhere', async () => {
    const blob = new GeneratedBlob(96 * MiB, 'completed elsewhere')
    const digest = blob.digest()
    const push = pushOf(blob, 'completed')
    await push.start()
    await push.pushChunk()
    const late = await sendHalf('PATCH', push.location, blob, push.offset, chunkBytes)

    while (push.offset < blob.size) await push.pushChunk()
    await push.finish(digest)
    const { status, body } = await late.goOn()

    expect({ status, body: JSON.parse(body.toString()) }).toMatchObject({
      status: 404,
      body: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] },
    })
    await expectOnly('completed', digest, blob.size)
  })

  it('is told where the upload stands when it goes on while that is continued elsewhere', async () => {
    const blob = new GeneratedBlob(96 * MiB, 'continued elsewhere')
    const digest = blob.digest()
    const push = pushOf(blob, 'continued')
    await push.start()
    await push.pushChunk()
    const late = await sendHalf('PATCH', push.location, blob, push.offset, chunkBytes)

    await push.pushChunk()
    const { status, headers } = await late.goOn()
    expect({ status, range: headers.range }).toEqual({ status: 416, range: `0-${2 * chunkBytes - 1}` })

    await push.pushChunk()
    await push.finish(digest)
    await expectOnly('continued', digest, blob.size)
  })

  it('leaves a blob alone that was put in its place elsewhere, whatever it is sent in the end', async () => {
    const blob = new GeneratedBlob(64 * MiB, 'put elsewhere')
    const digest = blob.digest()
    const push = pushOf(blob, 'put')
    await push.start()
    const late = await sendHalf('PUT', `${push.location}&digest=${digest}`, blob, 0, blob.size)

    const again = pushOf(blob, 'put')
    await again.push(digest)
    const { status } = await late.goOn(Buffer.alloc(blob.size - sentBytes))

    expect(status).toBe(400)
    // A wrong digest does not end an upload: its client may still cancel it.
    const cancelled = await fetch(new URL(push.location, `http://${stopped.http}`), { method: 'DELETE' })
    expect(cancelled.status).toBe(204)
    await expectOnly('put', digest, blob.size)
  })
})

function pushOf(blob: GeneratedBlob, repository: string): ChunkedPush {
  let turn = 0
  const next = (): Promise<string> => Promise.resolve((others[turn++ % others.length] as BlobNode).http)
  return new ChunkedPush({ blob, repository, chunkBytes: 32 * MiB, next })
}

interface Late {
  /** Lets the node go on, and sends the rest. */
  goOn(rest?: Buffer): Promise<Answer>
}

/** Sends a part of a body, and stops the node that has it. */
async function sendHalf(
  method: 'PATCH' | 'PUT',
  target: string,
  blob: GeneratedBlob,
  start: number,
  length: number,
): Promise<Late> {
  const url = new URL(target, `http://${stopped.http}`)
  const range = method === 'PATCH' ? { 'Content-Range': `${start}-${start + length - 1}` } : {}
  const outgoing = request(url, { method, agent: false, headers: { 'Content-Length': length, ...range } })
  const answered = answerOf(outgoing, url)
  answered.catch(() => undefined)
  for (const piece of blob.pieces(start, start + sentBytes)) if (!outgoing.write(piece)) await once(outgoing, 'drain')
  await freeze(stopped)
  return {
    goOn: async (rest = Buffer.concat([...blob.pieces(start + sentBytes, start + length)])) => {
      process.kill(stopped.pid, 'SIGCONT')
      outgoing.end(rest)
      return answered
    },
  }
}

/** All nodes serve the blob as it is, and of the repository's uploads there is nothing left. */
async function expectOnly(repository: string, digest: string, size: number): Promise<void> {
  for (const { http } of nodes)
    expect(await digestServed(http, repository, digest)).toEqual({ status: 200, size, digest })
  const [algorithm, encoded] = digest.split(':') as [string, string]
  const stored = (path: string) => storedIn(deployment.folder, `docker/registry/v2/${path}`)
  expect([...(await stored(`blobs/${algorithm}/${encoded.slice(0, 2)}/${encoded}`)).keys()]).toEqual(['data'])
  expect([...(await stored(`repositories/${repository}/_layers/${algorithm}`)).keys()]).toEqual([`${encoded}/link`])
  // What was taken away is removed after the answer.
  await until('nothing is left of uploads', async () => {
    return (await stored(`repositories/${repository}/_uploads`)).size === 0 ? true : undefined
  })
}
