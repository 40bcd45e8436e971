import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import type { ManifestPolicy } from '@berth/manifests'
import { openManifests } from '@berth/manifests/stored'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import type { MethodDefinition } from '@grpc/grpc-js'
import { expect, it, onTestFinished } from 'vitest'
import { serve } from '../test-server.ts'
import { RemoteManifests } from './remote-manifests.ts'
import { type CallOptions, RpcChannel } from './rpc-channel.ts'

const mebibyte = 1024 * 1024
const mediaType = 'application/vnd.oci.image.index.v1+json'
const repository = parseRepositoryName('library/large')

/** A channel that keeps count of the content which its open calls may bring. */
class CountingChannel extends RpcChannel {
  calls = 0
  mostBytes = 0
  #bytes = 0

  override async call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    const { contentLimit = 0 } = request as { readonly contentLimit?: number }
    const bytes = contentLimit > 64 * 1024 ? contentLimit : 0
    this.calls += 1
    this.#bytes += bytes
    this.mostBytes = Math.max(this.mostBytes, this.#bytes)
    try {
      return await super.call(method, request, options)
    } finally {
      this.#bytes -= bytes
    }
  }
}

async function open() {
  const storage = new MemoryDriver()
  const policy: ManifestPolicy = { references: 'all', indexes: 'all', urls: { allow: [], deny: [] }, classes: [] }
  const { manifests } = openManifests({ storage, blobs: new StoredBlobs({ storage }), policy, isExclusive: false })
  const served = await serve({ manifests })
  const channel = new CountingChannel({ addresses: [served.address] })
  onTestFinished(async () => {
    channel.close()
    await served.close()
  })
  const push = async (tag: string, size: number): Promise<Buffer> => {
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { text: 'x'.repeat(size) } }),
    )
    await manifests.put(repository, { tags: [parseTag(tag)], mediaType, content })
    return content
  }
  return { channel, manifests: new RemoteManifests(channel), push }
}

it('a small manifest comes with one call', async () => {
  const { channel, manifests, push } = await open()
  const content = await push('small', 1000)

  const found = await manifests.get(repository, parseTag('small'))

  expect(found).toMatchObject({ mediaType, digest: digestOf(content) })
  expect(content.equals(found.content)).toBe(true)
  expect(channel.calls).toBe(1)
})

it('large manifests that are asked for at once are received within 32 MiB', async () => {
  const { channel, manifests, push } = await open()
  const content = await push('large', 3 * mebibyte)

  const found = await Promise.all(Array.from({ length: 24 }, () => manifests.get(repository, parseTag('large'))))

  expect(found.every((manifest) => content.equals(manifest.content))).toBe(true)
  expect(channel.mostBytes).toBeGreaterThan(3 * mebibyte)
  expect(channel.mostBytes).toBeLessThanOrEqual(32 * mebibyte)
})

it('a tag that is moved to a larger manifest meanwhile shows the larger one', async () => {
  const { channel, manifests, push } = await open()
  await push('moved', mebibyte)
  let larger: Uint8Array = Buffer.alloc(0)
  const call = channel.call.bind(channel)
  channel.call = async (method, request, options) => {
    if (channel.calls === 1) larger = await push('moved', 3 * mebibyte)
    return call(method, request, options)
  }

  const found = await manifests.get(repository, parseTag('moved'))

  expect(found.digest).toBe(digestOf(larger))
  expect(channel.calls).toBe(3)
})
