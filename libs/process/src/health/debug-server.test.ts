import { afterEach, describe, expect, it } from 'vitest'
import type { Logger } from '@berth/errors'
import { DebugServer, type DebugParts } from './debug-server.ts'

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const healthy = { isHealthy: true, failures: () => ({}) }
const sick = { isHealthy: false, failures: () => ({ disk: 'full' }) }
const servers: DebugServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(parts: Partial<DebugParts> = {}) {
  const local = { net: 'tcp', host: '127.0.0.1', port: 0 } as const
  const server = await DebugServer.listen(local, { isReady: () => true, health: healthy, log: silent, ...parts })
  servers.push(server)
  return async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.address.port}${path}`, { method })
    return [response.status, await response.text(), response.headers.get('content-type')]
  }
}

const json = 'application/json; charset=utf-8'
const plain = 'text/plain; charset=utf-8'

describe('the debug server', () => {
  it('tells that the process lives, even while it is not ready', async () => {
    const get = await serve({ isReady: () => false, health: sick })
    expect(await get('/livez')).toEqual([200, 'ok\n', plain])
  })

  it('tells whether to send requests, and why not', async () => {
    expect(await (await serve())('/readyz')).toEqual([200, 'ok\n', plain])
    expect(await (await serve({ isReady: () => false }))('/readyz')).toEqual([
      503,
      'not ready: starting or shutting down\n',
      plain,
    ])
    expect(await (await serve({ health: sick }))('/readyz')).toEqual([
      503,
      'not ready: failing health checks: disk\n',
      plain,
    ])
    expect(await (await serve({ needs: sick }))('/readyz')).toEqual([
      503,
      'not ready: failing health checks: disk\n',
      plain,
    ])
  })

  it('tells what is wrong as Distribution does', async () => {
    expect(await (await serve())('/debug/health')).toEqual([200, '{}', json])
    expect(await (await serve({ health: sick }))('/debug/health?x')).toEqual([503, '{"disk":"full"}', json])
  })

  it('serves metrics at their path, where there are any', async () => {
    const metrics = { path: '/m', contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('a 1\n') }
    expect(await (await serve({ metrics }))('/m')).toEqual([200, 'a 1\n', 'text/plain; version=0.0.4'])
    expect(await (await serve())('/m')).toEqual([404, 'not found\n', plain])
  })

  it('answers HEAD without a body, and finds nothing for any other method', async () => {
    const get = await serve()
    expect(await get('/livez', 'HEAD')).toEqual([200, '', plain])
    expect(await get('/debug/health', 'POST')).toEqual([404, 'not found\n', plain])
    expect(await get('/', 'GET')).toEqual([404, 'not found\n', plain])
  })

  it('answers 500 without details where metrics fail', async () => {
    const metrics = { path: '/m', contentType: '', render: () => Promise.reject(new Error('secret')) }
    expect(await (await serve({ metrics }))('/m')).toEqual([500, 'internal error\n', plain])
  })

  it('says where it cannot listen, and why', async () => {
    await serve()
    const port = servers[0]?.address.port ?? 0
    const parts = { isReady: () => true, health: healthy, log: silent }
    await expect(DebugServer.listen({ net: 'tcp', host: '127.0.0.1', port }, parts)).rejects.toThrow(
      `http.debug.addr: cannot listen on 127.0.0.1:${port}: the address is in use`,
    )
  })
})
