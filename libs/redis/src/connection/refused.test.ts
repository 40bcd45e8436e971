import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RedisConfig, Secret } from '@berth/configuration'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { openRedis, type RedisConnection } from './redis-connection.ts'
import { RedisServer } from './redis-server.ts'

interface Told {
  readonly message: string
  readonly err: unknown
}

const users = `user default on nopass ~* &* +@all
user reader on >reads ~* &* -@all +@connection +@read +@pubsub +info
user silent on >speaks ~* resetchannels -@all +@connection +@read +@write +@scripting +info
`

describe('a Redis that refuses to be used', () => {
  const servers: RedisServer[] = []
  let connection: RedisConnection | undefined

  afterEach(async () => {
    await connection?.close()
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  const start = async (args: readonly string[] = []): Promise<RedisServer> => {
    const server = await RedisServer.start(args)
    servers.push(server)
    return server
  }

  /** Connects, and waits until that was tried several times. @returns what was told meanwhile, and how long it took */
  const tryAtLeast = async (attempts: number, port: number, config: Partial<RedisConfig>) => {
    const told: Told[] = []
    const tell = (fields: object, message: string): void =>
      void told.push({ message, err: 'err' in fields ? fields.err : undefined })
    const addresses = [{ host: '127.0.0.1', port }]
    connection = openRedis(
      { addresses, db: 0, dialTimeoutMs: 5000, readTimeoutMs: 5000, ...config },
      { debug: tell, info: tell, warn: tell, error: tell },
    )
    const { client } = connection
    const startedAt = performance.now()
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      await new Promise<void>((resolve) => void client.once('close', () => resolve()))
    }
    return { told, client, tookMs: performance.now() - startedAt }
  }

  it('for want of a database is told once, and nothing comes to another database', async () => {
    const { port } = await start(['--databases', '1'])
    const { told, client } = await tryAtLeast(3, port, { db: 2 })
    expect(told).toEqual([{ message: 'redis cannot be used', err: expect.any(Error) }])
    expect(String(told[0]?.err)).toContain('DB index is out of range')
    await expect(client.set('key', 'value')).rejects.toThrow("Stream isn't writeable")
    const redis = new Redis(port, '127.0.0.1')
    expect(await redis.dbsize()).toBe(0)
    redis.disconnect()
  })

  it.each<[string, Partial<RedisConfig>, string]>([
    ['password is wrong', { username: 'reader', password: new Secret('wrong') }, 'WRONGPASS'],
    ['user is unknown', { username: 'stranger', password: new Secret('x') }, 'WRONGPASS'],
    ['user may not write', { username: 'reader', password: new Secret('reads') }, 'NOPERM'],
    ['user may not publish', { username: 'silent', password: new Secret('speaks') }, 'NOPERM'],
    ['password is not needed', { password: new Secret('needless') }, 'without any password configured'],
  ])('because its %s is told once, and never called connected', async (_, config, reason) => {
    const server = await start()
    const file = join(server.directory, 'users.acl')
    await writeFile(file, users)
    const { port } = await start(['--aclfile', file])
    const { told } = await tryAtLeast(3, port, config)
    expect(told.map(({ message }) => message)).toEqual(['redis cannot be used'])
    expect(String(told[0]?.err)).toContain(reason)
  })

  it('because it is a replica is told once, and is used when it has become the master', async () => {
    const master = await start()
    const { port } = await start(['--replicaof', '127.0.0.1', String(master.port)])
    const { told, client } = await tryAtLeast(2, port, {})
    expect(told.map(({ message }) => message)).toEqual(['redis cannot be used'])
    const redis = new Redis(port, '127.0.0.1')
    await redis.replicaof('NO', 'ONE')
    redis.disconnect()
    while (told.length < 2) await new Promise(setImmediate)
    expect(told[1]?.message).toBe('redis is connected')
    expect(await client.keys('*')).toEqual([])
  })

  it('is asked less and less often', async () => {
    const { port } = await start(['--databases', '1'])
    const { tookMs } = await tryAtLeast(5, port, { db: 2 })
    // Half of 50, 100, 200 and 400 ms at least.
    expect(tookMs).toBeGreaterThan(375)
  })
})
