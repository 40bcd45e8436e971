import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRedis, type RedisConnection } from './redis-connection.ts'
import { RedisServer } from './redis-server.ts'

describe('a connection to Redis', () => {
  let server: RedisServer
  let told: string[]
  let connection: RedisConnection

  beforeEach(async () => {
    server = await RedisServer.start()
    told = []
    const tell = (fields: object, message: string): void => {
      expect(fields).toBeTypeOf('object')
      told.push(message)
    }
    const addresses = [{ host: '127.0.0.1', port: server.port }]
    connection = openRedis(
      { addresses, db: 0, dialTimeoutMs: 500, readTimeoutMs: 10_000 },
      { debug: tell, info: tell, warn: tell, error: tell },
    )
    await next('ready')
    await toldTimes(1)
  })

  afterEach(async () => {
    await connection.close()
    await server.stop()
  })

  const next = (event: 'ready' | 'close'): Promise<void> =>
    new Promise((resolve) => void connection.client.once(event, () => resolve()))

  /** Waits until so much was told: that Redis is connected is told once it is known to be of use. */
  const toldTimes = async (times: number): Promise<void> => {
    while (told.length < times) await new Promise(setImmediate)
  }

  const lose = async (): Promise<void> => {
    const closed = next('close')
    await server.kill()
    await closed
  }

  it('fails what is asked at once while Redis is away, and does not keep it for later', async () => {
    await lose()
    await expect(connection.client.set('key', 'value')).rejects.toThrow("Stream isn't writeable")
    const ready = next('ready')
    await server.startAgain()
    await ready
    expect(await connection.client.get('key')).toBeNull()
  })

  it('fails what was not answered when Redis went away, and does not send it again', async () => {
    server.signal('SIGSTOP')
    const asked = connection.client.incr('key').then(
      () => 'answered',
      (error: unknown) => error,
    )
    await lose()
    const ready = next('ready')
    await server.startAgain()
    await ready
    expect(await asked).toBeInstanceOf(Error)
    expect(await connection.client.get('key')).toBeNull()
  })

  it('tells when Redis is lost, and when it is back, once each', async () => {
    await lose()
    // Connecting fails again and again meanwhile.
    for (let attempts = 0; attempts < 3; attempts += 1) await next('close')
    const ready = next('ready')
    await server.startAgain()
    await ready
    await toldTimes(3)
    expect(told).toEqual(['redis is connected', 'redis is unreachable', 'redis is connected'])
  })

  it('tells what listens on it when it hears, and again when it hears again', async () => {
    let heard = Promise.withResolvers<void>()
    const received = Promise.withResolvers<string>()
    const subscription = connection.subscribe('a channel', {
      received: received.resolve,
      connected: () => heard.resolve(),
    })
    expect(subscription.isConnected).toBe(false)
    await heard.promise
    expect(subscription.isConnected).toBe(true)
    heard = Promise.withResolvers()
    await lose()
    await server.startAgain()
    await heard.promise
    if (connection.client.status !== 'ready') await next('ready')
    await connection.client.publish('a channel', 'a message')
    expect(await received.promise).toBe('a message')
    await connection.close()
    expect(subscription.isConnected).toBe(false)
  })
})
