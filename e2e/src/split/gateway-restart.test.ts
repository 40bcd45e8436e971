import { afterAll, beforeAll, expect, it } from 'vitest'
import { blobNamed, imageNamed } from '../flow-player/content.ts'
import { Deployment } from './deployment.ts'
import { PatientClient, pushChunked, pushStreamed, pushWhole, type Shape } from './patient-client.ts'

const restarts = ['blob-upload-1', 'api-gateway', 'blob-upload-2', 'manifest', 'api-gateway', 'blob-upload-3']
const shapes = [pushWhole, pushStreamed, pushChunked]

let deployment: Deployment

beforeAll(async () => {
  deployment = await Deployment.start()
})

afterAll(() => deployment.close())

it('twenty clients push in three ways while the gateway restarts, too, and notice refused connections at most', async () => {
  const stop = new AbortController()
  const clients = Array.from({ length: 20 }, (_, index) => {
    return pushUntil(stop.signal, `restarted/client-${index}`, shapes[index % shapes.length] ?? pushWhole)
  })
  // One that fails has failed the test; the others need not go on.
  const outcome = Promise.all(clients).finally(() => stop.abort())
  const restarted = (async () => {
    for (const name of restarts) {
      if (stop.signal.aborted) return
      const service = await deployment.service(name)
      process.kill(service.pid, 'SIGTERM')
      await deployment.untilReplaced(service)
    }
    stop.abort()
  })()
  const [results] = await Promise.all([outcome, restarted])

  expect(results.flatMap(({ broken }) => broken)).toEqual([])
  // Otherwise the gateway has not been away.
  expect(results.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(0)
})

/** Pushes images until it is told to stop, and looks at all of them then. */
async function pushUntil(signal: AbortSignal, repository: string, shape: Shape) {
  const client = new PatientClient(deployment.host)
  const imageOf = (tag: string) => imageNamed(`${repository} ${tag}`)
  const pushed: string[] = []
  while (!signal.aborted) {
    const tag = `v${pushed.length}`
    await shape(client, repository, blobNamed(`${repository} ${tag}`, 1_200_000))
    await client.push(repository, tag, imageOf(tag), shape)
    pushed.push(tag)
  }
  const broken: string[] = []
  for (const tag of pushed) broken.push(...(await client.findBroken(repository, tag, imageOf(tag))))
  client.close()
  return { broken, refused: client.refused }
}
