import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ByteBudget } from '@berth/bytes'
import { findLink, type StoragePath } from '@berth/storage'
import { expect, it, onTestFinished } from 'vitest'
import { settingsUnderTest } from '../driver-under-test.ts'
import { S3Driver } from '../s3-driver.ts'

const size = 1024 * 1024
const path = '/file' as StoragePath

/** A driver of a store whose every object is as large, and of no use as a link. */
async function open() {
  const content = Buffer.alloc(size)
  const server = createServer((request, response) => {
    response.on('error', () => {})
    if (request.url?.includes('list-type') === true) return void response.end('<ListBucketResult/>')
    const range = request.headers.range === undefined ? {} : { 'Content-Range': `bytes 0-${size - 1}/${size}` }
    const headers = { ETag: '"x"', 'Content-Length': size, ...range }
    response.writeHead(request.headers.range === undefined ? 200 : 206, headers).end(content)
  })
  // It closes none by itself.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const budget = new ByteBudget(64 * 1024 * 1024)
  const driver = await S3Driver.open({ settings: settingsUnderTest({ endpoint }), budget, isReadOnly: true })
  onTestFinished(async () => {
    await driver.close()
    server.closeAllConnections()
    server.close()
  })
  const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  return { driver, connections }
}

const range = { start: 0, end: size + 1 }

it.each<[string, (driver: S3Driver) => Promise<unknown>]>([
  [
    'nobody begins to read',
    async (driver) => (await driver.read(path)).content[Symbol.asyncIterator]().return?.(undefined),
  ],
  [
    'nobody reads to its end',
    async (driver) => {
      const content = (await driver.read(path)).content[Symbol.asyncIterator]()
      await content.next()
      await content.return?.(undefined)
    },
  ],
  ['is shorter than was asked for', (driver) => driver.read(path, { range }).catch(() => {})],
  ['is too long for a link', (driver) => findLink(driver, path).catch(() => {})],
])('content that %s holds no connection', async (_name, read) => {
  const { driver, connections } = await open()
  for (let count = 0; count < 50; count += 1) await read(driver)
  // One of the SDK's, of the start.
  await expect.poll(connections, { timeout: 2000 }).toBeLessThanOrEqual(2)
})
