import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

/** Pulls a blob, and says what came. */
export async function digestServed(
  host: string,
  repository: string,
  digest: string,
): Promise<{ status: number; size: number; digest: string }> {
  const outgoing = get(`http://${host}/v2/${repository}/blobs/${digest}`, { agent: false })
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of incoming) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).byteLength
  }
  return { status: incoming.statusCode ?? 0, size, digest: `sha256:${hash.digest('hex')}` }
}
