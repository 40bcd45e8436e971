import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeConfiguration } from '../configuration.ts'
import { imageNamed } from '../flow-player/content.ts'
import { pushImage } from '../flow-player/registry.ts'
import { Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import { startRegistry } from '../registry-process.ts'
import { isRunning, type SplitDeployment, type SplitService, startSplit } from '../split.ts'
import { answers } from './deployment.ts'

let folder: string
let split: SplitDeployment | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-split-'))
})

afterEach(async () => {
  await split?.kill()
  split = undefined
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<SplitDeployment> {
  const port = await freePort()
  const file = await writeConfiguration(folder, port, { http: { addr: `127.0.0.1:${port}`, debug: { addr: 'off' } } })
  split = await startSplit({ folder, file, port, blobNodes: 2 })
  return split
}

/** Asks until it is so: nothing else tells of what processes do. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await scheduler.wait(20)
}

describe('the registry as services of its own', () => {
  it('has each by the name of its app, at addresses of their own', async () => {
    const services = await (await start()).services()
    expect(services.map(({ name }) => name)).toEqual([
      'redis-cache',
      'redis-queue',
      'blob-upload-1',
      'blob-upload-2',
      'manifest',
      'api-gateway',
    ])
    const addresses = services.flatMap(({ http, rpc, debug, redis }) => [http, rpc, debug, redis].filter(Boolean))
    expect(new Set(addresses).size).toBe(addresses.length)
  })

  it.each(['blob-upload-1', 'manifest', 'api-gateway', 'redis-cache'])(
    'serves again after %s was killed',
    async (name) => {
      const deployment = await start()
      const find = async () => (await deployment.services()).find((service) => service.name === name) as SplitService
      const { pid, debug } = await find()
      process.kill(pid, 'SIGKILL')
      await until(async () => (await find()).pid !== pid)
      if (debug !== undefined) await until(() => answers(`http://${debug}/readyz`))

      const wire = new Wire(deployment.host, {})
      await until(() =>
        wire.send('GET', '/v2/').then(
          () => true,
          () => false,
        ),
      )
      await pushImage(wire, 'again/served', 'v1', imageNamed(name))
      expect((await wire.send('GET', '/v2/again/served/tags/list')).body.toString()).toContain('"v1"')
      wire.close()
    },
  )

  it('leaves no service behind when their supervisor is killed', async () => {
    const deployment = await start()
    const services = (await deployment.services()).filter(({ redis }) => redis === undefined)
    process.kill(deployment.pid, 'SIGKILL')
    for (const { pid } of services) await until(async () => !(await isRunning(pid)))
    expect(services).toHaveLength(4)
  })
})

describe('the gateway', () => {
  it('is not ready while it does not reach the manifest service', async () => {
    const [port, debug, nobody] = [await freePort(), await freePort(), await freePort()]
    const file = await writeConfiguration(folder, port, {
      http: { addr: `127.0.0.1:${port}`, debug: { addr: `127.0.0.1:${debug}` } },
      services: { blobs: { http: [`127.0.0.1:${nobody}`] }, manifest: { addresses: [`127.0.0.1:${nobody}`] } },
    })
    const main = fileURLToPath(new URL('../../../apps/api-gateway/src/main.ts', import.meta.url))
    const gateway = await startRegistry({ command: process.execPath, args: [main, '--config', file], port })
    try {
      const answer = await fetch(`http://127.0.0.1:${debug}/readyz`)
      expect([answer.status, await answer.text()]).toEqual([
        503,
        'not ready: failing health checks: manifest service\n',
      ])
    } finally {
      await gateway.stop()
    }
  })
})
