import { createHash, randomBytes } from 'node:crypto'
import { Connection } from './connection.ts'
import type { Job, Load, Measurement } from './job.ts'
import { measure } from './measure.ts'
import { expectStatus, locationOf, requestHead, startUpload, withDigest } from './request.ts'

type LargePushes = Extract<Load, { kind: 'large pushes' }>

const blockBytes = 1024 * 1024
const chunkBytes = 16 * blockBytes

/** Pushes new blobs, all at once and each once. Their digests are computed before the clock runs. */
export async function measureLargePushes(job: Job, load: LargePushes): Promise<Measurement> {
  const blobs = Array.from({ length: load.blobs }, () => {
    const content = new LargeContent(load.size)
    return { content, digest: content.digest() }
  })
  const pushes = await Promise.all(
    blobs.map(async (blob) => ({ ...blob, connection: await Connection.open(job.target.port) })),
  )
  try {
    return await measure(job, async () => {
      await Promise.all(pushes.map((each) => push(load, each)))
      return { operations: load.blobs, bytes: load.blobs * load.size }
    })
  } finally {
    for (const { connection } of pushes) connection.close()
  }
}

interface Push {
  readonly content: LargeContent
  readonly digest: string
  readonly connection: Connection
}

async function push({ repository, shape, size }: LargePushes, { content, digest, connection }: Push): Promise<void> {
  let location = await startUpload(connection, repository)
  if (shape === 'put') {
    await send(connection, 'PUT', withDigest(location, digest), content, 0, size)
    return
  }
  const step = shape === 'chunks' ? chunkBytes : size
  for (let start = 0; start < size; start += step) {
    location = await send(connection, 'PATCH', location, content, start, Math.min(start + step, size))
  }
  await send(connection, 'PUT', withDigest(location, digest), content, size, size)
}

/** Sends the content from `start` to before `end`, and returns the path to continue at. */
async function send(
  connection: Connection,
  method: 'PATCH' | 'PUT',
  path: string,
  content: LargeContent,
  start: number,
  end: number,
): Promise<string> {
  const isChunk = method === 'PATCH' && end - start < content.size
  const head = requestHead(method, path, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - start,
    ...(isChunk && { 'Content-Range': `${start}-${end - 1}` }),
  })
  const response = await connection.exchangeBlocks(head, content.blocks(start, end))
  return locationOf(expectStatus(response, method === 'PATCH' ? 202 : 201))
}

/** Content that no registry has seen, of which two blocks are kept: the first is new, and all others are alike. */
class LargeContent {
  readonly size: number
  readonly #blocks = [randomBytes(blockBytes), randomBytes(blockBytes)] as const

  constructor(size: number) {
    if (size % blockBytes !== 0) throw new Error(`${size} is not a multiple of ${blockBytes}`)
    this.size = size
  }

  *blocks(start: number, end: number): Iterable<Buffer> {
    for (let at = start; at < end; at += blockBytes) yield this.#blocks[at === 0 ? 0 : 1]
  }

  digest(): string {
    const sha256 = createHash('sha256')
    for (const block of this.blocks(0, this.size)) sha256.update(block)
    return `sha256:${sha256.digest('hex')}`
  }
}
