import { type AddressInfo, createServer } from 'node:net'
import { loadConfig } from '@berth/configuration'
import { createLogger, createMetrics, Lifecycle } from '@berth/process'
import { expect, it, onTestFinished } from 'vitest'
import { serveApi } from './serve-api.ts'

it('an address that is taken is told by its key', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`
  const { config } = loadConfig({
    environment: { REGISTRY_STORAGE: 'inmemory', REGISTRY_HTTP_ADDR: address },
    readFile: () => '',
  })
  const log = createLogger(config.log, { isTerminal: false, write: () => undefined, flush: () => undefined })
  const { http: metrics } = createMetrics({ version: '1' })
  const served = serveApi(
    { config, services: {}, log, metrics, tracer: undefined, access: undefined, isHealthy: () => true },
    new Lifecycle(log),
  )
  await expect(served).rejects.toMatchObject({
    name: 'StartError',
    message: `http.addr: cannot listen on ${address}: the address is in use`,
  })
})
