import { createHash, randomBytes } from 'node:crypto'
import { Connection } from './connection.ts'
import type { Job, Load, Measurement } from './job.ts'
import { measure } from './measure.ts'
import { expectStatus, locationOf, requestHead, startUpload, withDigest } from './request.ts'

type LargePush = Extract<Load, { kind: 'large push' }>

const blockBytes = 1024 * 1024
const chunkBytes = 16 * blockBytes

/** Pushes one new blob, once. Its digest is computed before the clock runs. */
export async function measureLargePush(job: Job, load: LargePush): Promise<Measurement> {
  const content = new LargeContent(load.size)
  const digest = content.digest()
  const connection = await Connection.open(job.target.port)
  try {
    return await measure(job, async () => {
      let location = await startUpload(connection, load.repository)
      if (load.shape === 'put') {
        await send(connection, 'PUT', withDigest(location, digest), content, 0, load.size)
        return { operations: 1, bytes: load.size }
      }
      const step = load.shape === 'chunks' ? chunkBytes : load.size
      for (let start = 0; start < load.size; start += step) {
        location = await send(connection, 'PATCH', location, content, start, Math.min(start + step, load.size))
      }
      await send(connection, 'PUT', withDigest(location, digest), content, load.size, load.size)
      return { operations: 1, bytes: load.size }
    })
  } finally {
    connection.close()
  }
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
