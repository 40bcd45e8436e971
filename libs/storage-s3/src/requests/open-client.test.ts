import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { settingsUnderTest } from '../driver-under-test.ts'
import { openClient } from './open-client.ts'

describe('the SDK', () => {
  it('says to the log what it would say to the console, and nothing of requests that fail', async () => {
    const server = createServer((_, response) => response.writeHead(404).end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const said: string[] = []
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = openClient(settingsUnderTest({ endpoint }), { warn: (_, message) => void said.push(message) })
    onTestFinished(() => {
      client.destroy()
      server.closeAllConnections()
      server.close()
    })
    await expect(client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toThrow('UnknownError')
    expect(said).toEqual([])
    client.config.logger.warn('something', 1)
    expect(said).toEqual(['something 1'])
  })
})
