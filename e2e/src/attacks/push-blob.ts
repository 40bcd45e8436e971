import { contentOf, type Content } from '../flow-player/content.ts'
import { locationOf, type Wire } from '../flow-player/wire.ts'

/** Pushes a blob. */
export async function pushBlob(wire: Wire, repository: string, bytes: Uint8Array): Promise<Content> {
  const content = contentOf(bytes)
  const started = await wire.send('POST', `/v2/${repository}/blobs/uploads/`)
  const { status, body } = await wire.send('PUT', locationOf(started, { digest: content.digest }), { body: bytes })
  if (status !== 201) throw new Error(`the push of a blob was answered with ${status}: ${body.toString()}`)
  return content
}
