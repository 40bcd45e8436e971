import { randomBytes } from 'node:crypto'
import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { MemoryDriver } from '@berth/storage/memory'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads } from '@berth/uploads/stored'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpApiSettings } from '../settings.ts'
import { TestApi } from '../test-api.ts'
import { type GatewaySetup, openGateway } from './relay-under-test.ts'

const loopback = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' as const }]

/** A gateway in front of nodes that share what they store, and a client of it. */
async function openRelay({ nodes: count = 2, ...setup }: GatewaySetup & { readonly nodes?: number } = {}) {
  const storage = new MemoryDriver()
  const nodes: TestApi[] = []
  for (let at = 0; at < count; at++) nodes.push(await openNode(storage, setup.settings))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  return { ...(await openGateway(onTestFinished, addresses, setup)), nodes }
}

/** A node that adopts what its gateway says of a request. */
async function openNode(storage: MemoryDriver, settings: Partial<HttpApiSettings> = {}): Promise<TestApi> {
  const blobs = new StoredBlobs({ storage })
  const uploads = new StoredBlobUploads({ storage, keys: new KeyRing({ signing: 'secret' }) })
  const node = await TestApi.open({
    services: { blobs, uploads },
    settings: { deletesAllowed: true, trustedProxies: loopback, ...settings },
  })
  onTestFinished(async () => {
    await node.close()
    await uploads.close()
  })
  return node
}

describe('through the relay', () => {
  it('a blob is pushed in one piece, and pulled', async () => {
    const { send, start } = await openRelay()
    const content = randomBytes(3_000_001)
    const digest = digestOf(content)
    const put = await send('PUT', await start({ digest }), { body: content })
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, digest])
    const pulled = await send('GET', `/v2/foo/blobs/${digest}`)
    expect(Buffer.from(await pulled.arrayBuffer()).equals(content)).toBe(true)
  })
})
