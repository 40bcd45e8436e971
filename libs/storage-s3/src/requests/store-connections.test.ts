import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoreConnections } from './store-connections.ts'

/** So few connections to a server that says nothing. */
async function open(maxConnections: number, waitMs: number): Promise<StoreConnections> {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = { address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
  const connections = new StoreConnections({ end, waitMs, maxConnections })
  onTestFinished(() => {
    connections.close()
    server.close()
  })
  return connections
}

describe('connections', () => {
  it('are waited for where others have all, one after the other', async () => {
    const connections = await open(1, 60_000)
    const first = await connections.take(undefined)
    const others = [connections.take(undefined), connections.take(undefined)]
    connections.give(first)
    const second = await others[0]!
    connections.give(second)
    expect(await others[1]).toBeDefined()
  })

  it('are not waited for longer than is given', async () => {
    const connections = await open(1, 20)
    const first = await connections.take(undefined)
    await expect(connections.take(undefined)).rejects.toThrow('no connection to the store was free')
    connections.give(first)
    expect(await connections.take(undefined)).toBeDefined()
  })

  it('are not waited for by whoever has gone', async () => {
    const connections = await open(1, 60_000)
    const first = await connections.take(undefined)
    const controller = new AbortController()
    const [gone, next] = [connections.take(controller.signal), connections.take(undefined)]
    const reason = new Error('gone')
    controller.abort(reason)
    await expect(gone).rejects.toBe(reason)
    connections.give(first)
    expect(await next).toBeDefined()
  })
})
