import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { HealthConfig } from '@berth/configuration'
import { configuredChecks } from './checks.ts'

const timing = { intervalMs: 1000, threshold: 1 }
const none: HealthConfig = { storageDriver: { ...timing, enabled: false }, files: [], http: [], tcp: [] }
const storage = { driver: 'filesystem', probe: () => Promise.reject(new Error('disk gone')) }
const signal = new AbortController().signal
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

function only(config: Partial<HealthConfig>) {
  const [check, ...rest] = configuredChecks({ ...none, ...config }, storage)
  if (check === undefined || rest.length > 0) throw new Error('not one check')
  return check
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function http(port: number, changes: Partial<HealthConfig['http'][number]> = {}) {
  const uri = `http://127.0.0.1:${port}/`
  return only({ http: [{ ...timing, uri, headers: {}, statusCode: 200, timeoutMs: 60_000, ...changes }] })
}

const serve = (listener: RequestListener) => listening(createServer(listener))

describe('a configured check', () => {
  it('is only there where it is configured', () => {
    expect(configuredChecks(none, storage)).toEqual([])
  })

  it('asks the storage, under the name of its driver', async () => {
    const check = only({ storageDriver: { ...timing, enabled: true } })
    expect(check.name).toBe('storagedriver_filesystem')
    await expect(check.check(signal)).rejects.toThrow('disk gone')
  })

  it('fails while a file is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-health-'))
    cleanups.push(() => rm(folder, { recursive: true }))
    const file = join(folder, 'down')
    const check = only({ files: [{ ...timing, file }] })
    await check.check(signal)
    await writeFile(file, '')
    await expect(check.check(signal)).rejects.toThrow('file exists')
  })

  it('asks a URL with HEAD and its headers', async () => {
    const requests: unknown[] = []
    const port = await serve((request, response) => {
      requests.push([request.method, request.headers['x-probe']])
      response.end()
    })
    await http(port, { headers: { 'X-Probe': ['a'] } }).check(signal)
    expect(requests).toEqual([['HEAD', 'a']])
  })

  it('has the name of its URL, without the password', () => {
    expect(http(1, { uri: 'http://user:hunter2@host:1/a' }).name).toBe('http://user:***@host:1/a')
  })

  it('fails where a URL has another status than it should', async () => {
    const port = await serve((_, response) => response.writeHead(500).end())
    await http(port, { statusCode: 500 }).check(signal)
    await expect(http(port).check(signal)).rejects.toThrow('unexpected status: 500')
  })

  it('fails where a URL does not answer in time', async () => {
    const port = await serve(() => undefined)
    await expect(http(port, { timeoutMs: 5 }).check(signal)).rejects.toThrow('no answer within 5 ms')
  })

  it('fails where nothing accepts connections', async () => {
    const server = createTcpServer()
    const port = await listening(server)
    const check = only({ tcp: [{ ...timing, host: '127.0.0.1', port, timeoutMs: 60_000 }] })
    expect(check.name).toBe(`127.0.0.1:${port}`)
    await check.check(signal)
    server.close()
    await once(server, 'close')
    await expect(check.check(signal)).rejects.toThrow('ECONNREFUSED')
  })
})
