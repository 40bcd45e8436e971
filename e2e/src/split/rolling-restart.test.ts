import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobNamed, type Content, imageNamed } from '../flow-player/content.ts'
import { pushBlob, pushManifest } from '../flow-player/registry.ts'
import { type Answer, locationOf, Wire } from '../flow-player/wire.ts'
import { Deployment } from './deployment.ts'

let deployment: Deployment

beforeAll(async () => {
  deployment = await Deployment.start()
})

afterAll(() => deployment.close())

const chunkSize = 500_000
const start = (wire: Wire, repository: string): Promise<Answer> => wire.send('POST', `/v2/${repository}/blobs/uploads/`)

/** As crane does, and others that are not told otherwise. */
const pushWhole = pushBlob

/** As docker does: one PATCH of unknown length, and an empty PUT. */
async function pushStreamed(wire: Wire, repository: string, { bytes, digest }: Content): Promise<void> {
  const patched = await wire.send('PATCH', locationOf(await start(wire, repository)), { pieces: [bytes] })
  expect(patched.status).toBe(202)
  expect((await wire.send('PUT', locationOf(patched, { digest }))).status).toBe(201)
}

/** As those that send chunks of a fixed size. */
async function pushChunked(wire: Wire, repository: string, { bytes, digest }: Content): Promise<void> {
  let answer = await start(wire, repository)
  for (let at = 0; at < bytes.length; at += chunkSize) {
    const chunk = bytes.subarray(at, at + chunkSize)
    const headers = { 'Content-Range': `${at}-${at + chunk.length - 1}` }
    answer = await wire.send('PATCH', locationOf(answer), { headers, body: chunk })
    expect(answer.status).toBe(202)
  }
  expect((await wire.send('PUT', locationOf(answer, { digest }))).status).toBe(201)
}

const shapes = [pushWhole, pushStreamed, pushChunked]

describe('while the services restart one after another', () => {
  it('twenty clients push, in three ways, and none sees a failure', async () => {
    const stop = new AbortController()
    const clients = Array.from({ length: 20 }, async (_, index) => {
      const wire = new Wire(deployment.host, {})
      const repository = `rolling/client-${index}`
      const push = shapes[index % shapes.length] ?? pushWhole
      let pushed = 0
      for (; !stop.signal.aborted; pushed += 1) {
        const image = imageNamed(`${repository} ${pushed}`)
        for (const blob of [...image.layers, image.config, blobNamed(`${repository} ${pushed}`, 1_200_000)])
          await push(wire, repository, blob)
        await pushManifest(wire, repository, `v${pushed}`, image.mediaType, image.manifest)
      }
      const { body } = await wire.send('GET', `/v2/${repository}/tags/list`)
      wire.close()
      return (JSON.parse(body.toString()) as { tags: string[] }).tags.length - pushed
    })
    // One that fails has failed the test; the others need not go on.
    const outcome = Promise.all(clients).finally(() => stop.abort())

    const restarts = async (): Promise<void> => {
      for (const name of ['blob-upload-1', 'blob-upload-2', 'blob-upload-3', 'manifest']) {
        if (stop.signal.aborted) return
        const service = await deployment.service(name)
        process.kill(service.pid, 'SIGTERM')
        await deployment.untilReplaced(service)
      }
      stop.abort()
    }
    const [lost] = await Promise.all([outcome, restarts()])
    expect(lost).toEqual(clients.map(() => 0))
  })
})
