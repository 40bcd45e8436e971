import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

/** Pulls a blob, and says what came. */
export async function digestServed(
  host: string,
  repository: string,
  digest: string,
): Promise<{ status: number; size: number; digest: string }> {
  const incoming = await answered(`http://${host}/v2/${repository}/blobs/${digest}`)
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of incoming) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).byteLength
  }
  return { status: incoming.statusCode ?? 0, size, digest: `sha256:${hash.digest('hex')}` }
}

/** The answer of whoever has the blob. */
async function answered(url: string): Promise<IncomingMessage> {
  const [incoming] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
  if (incoming.statusCode !== 307) return incoming
  incoming.resume()
  return answered(incoming.headers.location ?? '')
}
