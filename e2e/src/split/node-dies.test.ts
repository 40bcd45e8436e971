import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seed, SeededRandom } from '../seeded-random.ts'
import { ChunkedPush, type Progress } from './chunked-push.ts'
import { Deployment, metricOf } from './deployment.ts'
import { GeneratedBlob } from './generated-blob.ts'
import { digestServed } from './pulled.ts'

const MiB = 1024 * 1024
const chunkBytes = 64 * MiB
const blobBytes = 1024 * MiB
const kills = 5
const rehashed = 'berth_upload_rehash_bytes_total'

let deployment: Deployment

beforeAll(async () => {
  deployment = await Deployment.start()
})

afterAll(() => deployment.close())

describe('a client that sends 1 GiB in chunks of 64 MiB, each to another blob node', () => {
  it(`loses no more than a chunk with each of ${kills} nodes that are killed in mid-chunk (BERTH_SEED=${seed})`, async () => {
    const random = new SeededRandom(seed)
    const nodes = (await deployment.blobNodes()).map(({ name }) => name)
    const blob = new GeneratedBlob(blobBytes, `killed ${seed}`)
    const killAt = momentsOf(random)
    const restarts = new Map<string, Promise<unknown>>()
    const served = new Map<string, number>()
    let rehashedBytes = 0
    let killed = 0
    let turn = 0

    const next = async (): Promise<string> => {
      const name = nodes[turn++ % nodes.length] as string
      // The chunk that is its turn waits for it; whatever comes before that goes on without.
      await restarts.get(name)
      return (await nodeNamed(name)).http
    }
    const onPiece = async ({ chunk, piece, to }: Progress): Promise<void> => {
      if (piece === 0) served.set(to, (served.get(to) ?? 0) + 1)
      if (killAt.get(chunk) !== piece) return
      const node = (await deployment.blobNodes()).find(({ http }) => http === to)
      if (node === undefined) throw new Error(`nobody listens at ${to}`)
      rehashedBytes += await metricOf(node, rehashed)
      process.kill(node.pid, 'SIGKILL')
      killed += 1
      restarts.set(node.name, deployment.untilReplaced(node))
    }

    const digest = blob.digest()
    const push = new ChunkedPush({ blob, repository: 'killed', chunkBytes, next, onPiece })
    await push.push(digest)
    await Promise.all(restarts.values())

    expect(killed).toBe(kills)
    expect(served.size).toBe(nodes.length)
    expect(push.chunks).toBe(blobBytes / chunkBytes + kills)
    expect(push.sentBytes - blobBytes).toBeLessThanOrEqual(kills * chunkBytes)
    for (const node of await deployment.blobNodes()) rehashedBytes += await metricOf(node, rehashed)
    expect(rehashedBytes).toBe(0)
    expect(await digestServed(deployment.host, 'killed', digest)).toEqual({ status: 200, size: blobBytes, digest })
  })
})

/** By the number of a chunk, before which MiB of it the node that has it is killed. */
function momentsOf(random: SeededRandom): ReadonlyMap<number, number> {
  const moments = new Map<number, number>()
  while (moments.size < kills)
    moments.set(random.between(0, blobBytes / chunkBytes), random.between(1, chunkBytes / MiB))
  return moments
}

async function nodeNamed(name: string) {
  const found = (await deployment.blobNodes()).find((node) => node.name === name)
  if (found === undefined) throw new Error(`there is no node ${name}`)
  return found
}
