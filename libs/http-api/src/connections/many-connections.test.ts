import type { Tags } from '@berth/manifests'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpApiSettings } from '../settings.ts'
import { type RawConnection, TestApi } from '../test-api.ts'

const ignore = (): void => undefined
const list = (name: string): string => `GET /v2/${name}/tags/list HTTP/1.1\r\nHost: x\r\n\r\n`

/** An API that allows 6 connections, 3 of an address, whose answers for `held` wait until they are let go. */
async function serve(settings: Partial<HttpApiSettings> = {}) {
  const held = Promise.withResolvers<void>()
  const refused: string[] = []
  let atWork = 0
  const tags: Tags = {
    list: async (name) => {
      atWork++
      if (name === 'held') await held.promise
      return { entries: [], hasMore: false }
    },
    delete: async () => undefined,
  }
  const api = await TestApi.open({
    services: { tags },
    settings: { maxConnections: 6, maxConnectionsOfNetwork: 3, ...settings },
    metrics: {
      inFlight: ignore,
      observe: ignore,
      certificateExpires: ignore,
      refused: (why) => void refused.push(why),
    },
  })
  onTestFinished(async () => {
    held.resolve()
    await api.close()
  })
  const open = async (localAddress: string): Promise<RawConnection> => {
    const connection = await api.connect({ localAddress })
    onTestFinished(() => connection.destroy())
    return connection
  }
  /** Opens a connection on which a request is being served. */
  const openBusy = async (localAddress: string): Promise<RawConnection> => {
    const before = atWork
    const connection = (await open(localAddress)).write(list('held'))
    await expect.poll(() => atWork).toBe(before + 1)
    return connection
  }
  return { api, held, refused, open, openBusy }
}

describe('connections', () => {
  it('of one address beyond its share take the places of those that are idle', async () => {
    const { refused, open } = await serve()
    const [used, silent] = [await open('127.0.0.2'), await open('127.0.0.2')]
    await used.write(list('a')).until('"a"')
    const others = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
    await Promise.all([used.ended(), silent.ended()])
    for (const each of others) await each.write(list('a')).until('"a"')
    expect(refused).toEqual(['too many connections', 'too many connections'])
  })

  it('of one address beyond its share are refused while all others of it are busy', async () => {
    const { api, held, refused, open, openBusy } = await serve()
    const busy = [await openBusy('127.0.0.2'), await openBusy('127.0.0.2'), await openBusy('127.0.0.2')]
    expect(await (await open('127.0.0.2')).ended()).toBe('')
    await (await open('127.0.0.3')).write(list('a')).until('"a"')
    expect(refused).toEqual(['too many connections'])
    const told = api.lines.filter(({ level }) => level === 'warn')
    expect(told).toMatchObject([
      { message: 'connection refused: too many connections', fields: { remoteAddress: '127.0.0.2' } },
    ])
    held.resolve()
    for (const each of busy) await each.until('"held"')
    await (await open('127.0.0.2')).write(list('a')).until('"a"')
  })

  it('that are refused are logged 20 times a minute, and counted every time', async () => {
    const { api, refused, open, openBusy } = await serve({ maxConnectionsOfNetwork: 1 })
    await openBusy('127.0.0.2')
    for (let at = 0; at < 50; at++) await (await open('127.0.0.2')).ended()
    expect(refused).toHaveLength(50)
    expect(api.lines.filter(({ level }) => level === 'warn')).toHaveLength(20)
  })

  it('beyond the limit take the places of idle ones of the address that has most', async () => {
    const { open } = await serve()
    const one = await open('127.0.0.4')
    const most = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
    const two = [await open('127.0.0.3'), await open('127.0.0.3')]
    const added = await open('127.0.0.5')
    await most[0]?.ended()
    for (const each of [one, ...two, added]) expect(await each.write(list('a')).until('"a"')).toContain(' 200 ')
  })

  it('of a trusted proxy have no share', async () => {
    const { openBusy } = await serve({ trustedProxies: [{ address: '127.0.0.2', prefix: 32, family: 'ipv4' }] })
    const all: RawConnection[] = []
    for (let at = 0; at < 6; at++) all.push(await openBusy('127.0.0.2'))
    expect(all.every(({ socket }) => !socket.closed)).toBe(true)
  })

  it('that have closed do not count', async () => {
    const { refused, open } = await serve()
    for (let at = 0; at < 20; at++) {
      const connection = await open('127.0.0.2')
      await connection.write(list('a').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')).ended()
    }
    expect(refused).toEqual([])
  })
})
