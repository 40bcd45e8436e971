import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Blobs } from '@berth/blobs'
import type { ByteStream } from '@berth/bytes'
import { digestOf } from '@berth/digest'
import type { Manifests, StoredManifest } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RpcServer } from '../server/rpc-server.ts'
import { errorLog, listen, type Served } from '../test-server.ts'
import { RemoteBlobs } from './remote-blobs.ts'
import { RemoteManifests } from './remote-manifests.ts'
import { RpcChannel, type RpcChannelOptions } from './rpc-channel.ts'

const repository = parseRepositoryName('library/alpine')
const latest = parseTag('latest')
const digest = digestOf('m')
const found: StoredManifest = { mediaType: 'm', digest, content: Buffer.from('m') }
const unused = () => Promise.reject(new Error('not to be called here'))
const answering: Manifests = { get: async () => found, put: unused, delete: async () => [] }
const deletingInto =
  (deleted: string[]): Manifests['delete'] =>
  async (_, name) => {
    deleted.push(name)
    return []
  }
const never = <T>(): Promise<T> => new Promise(() => {})

async function started(manifests: Partial<Manifests>): Promise<Served> {
  const served = await listen({ manifests: { ...answering, ...manifests } })
  onTestFinished(() => served.close())
  return served
}

function channelTo(addresses: readonly string[], options: Partial<RpcChannelOptions> = {}): RpcChannel {
  const channel = new RpcChannel({ addresses, random: () => 0, ...options })
  onTestFinished(() => channel.close())
  return channel
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Accepts connections, and never says a word. */
async function silentServer(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a call', () => {
  it('takes no longer than its deadline, and is then given up by the server, too', async () => {
    const gaveUp = Promise.withResolvers<unknown>()
    const put: Manifests['put'] = (_repository, _manifest, signal) => {
      signal?.addEventListener('abort', () => gaveUp.resolve(signal.reason))
      return never()
    }
    const { address } = await started({ put })
    const remote = new RemoteManifests(channelTo([address], { deadlineMs: 2000 }))
    const upload = { tags: [], mediaType: 'm', content: found.content }
    await expect(remote.put(repository, upload)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: { reason: 'a service did not answer in time' },
      cause: { details: expect.stringContaining('Deadline exceeded') },
    })
    expect(await gaveUp.promise).toMatchObject({ message: 'the caller is gone' })
  })

  it('that is cancelled ends with the reason, and stops the work of the server', async () => {
    const arrived = Promise.withResolvers<AbortSignal | undefined>()
    const put: Manifests['put'] = (_repository, _manifest, signal) => {
      arrived.resolve(signal)
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      })
    }
    const { address, log, close } = await started({ put })
    const cancel = new AbortController()
    const remote = new RemoteManifests(channelTo([address]))
    const upload = { tags: [], mediaType: 'm', content: found.content }
    const call = remote.put(repository, upload, cancel.signal).catch((error: unknown) => error)
    const signal = await arrived.promise
    const reason = new Error('the client hung up')
    const stopped = once(signal as AbortSignal, 'abort')
    cancel.abort(reason)
    expect(await call).toBe(reason)
    await stopped
    await close()
    expect(log.errors).toEqual([])
  })

  it('carries no content that a message has no room for', async () => {
    const { address } = await started({})
    const channel = channelTo([address])
    const content = Buffer.alloc(8 * 1024 * 1024 + 1)
    const refusal = { code: 'SIZE_INVALID', detail: { limit: 8 * 1024 * 1024 } }
    const upload = { tags: [], mediaType: 'm', content }
    await expect(new RemoteManifests(channel).put(repository, upload)).rejects.toMatchObject(refusal)
    await expect(new RemoteBlobs(channel).put(repository, content)).rejects.toMatchObject(refusal)
  })

  it('to what is not served is a bug, which whoever asks must log', async () => {
    const { address } = await started({})
    const call = new RemoteBlobs(channelTo([address])).stat(repository, digest)
    await expect(call).rejects.toMatchObject({ name: 'Error', details: expect.stringContaining('not implement') })
  })
})

describe('of several replicas', () => {
  it('each is asked in turn', async () => {
    const asked: string[] = []
    const named = (name: string): Promise<Served> =>
      started({
        get: async () => {
          asked.push(name)
          return found
        },
      })
    const servers = [await named('a'), await named('b'), await named('c')]
    const remote = new RemoteManifests(channelTo(servers.map(({ address }) => address)))
    for (let call = 0; call < 6; call += 1) await remote.get(repository, latest)
    expect(asked.join('')).toBe('abcabc')
  })

  it('another is asked where one is gone, and the one that is gone is left alone', async () => {
    const gone = await started({})
    const { address } = await started({})
    await gone.close()
    const retries: object[] = []
    const log = { ...errorLog(), debug: (fields: object) => void retries.push(fields) }
    const remote = new RemoteManifests(channelTo([gone.address, address], { log }))
    for (let call = 0; call < 20; call += 1) expect(await remote.get(repository, latest)).toMatchObject({ digest })
    expect(retries).toHaveLength(1)
  })

  it('another is asked where one dies in the middle of a call', async () => {
    const arrived = Promise.withResolvers<void>()
    const dying = await started({
      get: () => {
        arrived.resolve()
        return never()
      },
    })
    const { address } = await started({})
    const call = new RemoteManifests(channelTo([dying.address, address])).get(repository, latest)
    await arrived.promise
    await dying.close()
    expect(await call).toMatchObject({ digest })
  })

  it('another is asked where one does not answer in its share of the time, and the silent one is left alone', async () => {
    const { address } = await started({})
    const retries: object[] = []
    const log = { ...errorLog(), debug: (fields: object) => void retries.push(fields) }
    const remote = new RemoteManifests(channelTo([await silentServer(), address], { deadlineMs: 6000, log }))
    for (let call = 0; call < 4; call += 1) expect(await remote.get(repository, latest)).toMatchObject({ digest })
    expect(retries).toHaveLength(1)
  })

  it('all may be gone for a while', async () => {
    const port = await freePort()
    const { promise: failed, resolve } = Promise.withResolvers<void>()
    const remote = new RemoteManifests(
      channelTo([`127.0.0.1:${port}`], { log: { ...errorLog(), debug: () => resolve() } }),
    )
    const call = remote.get(repository, latest)
    await failed
    const server = new RpcServer({ log: errorLog(), services: { manifests: answering } })
    onTestFinished(() => server.close(AbortSignal.abort()))
    await server.listen({ host: '127.0.0.1', port })
    expect(await call).toMatchObject({ digest })
  })

  it('none may be there, which is told within the deadline', async () => {
    const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
    const remote = new RemoteManifests(channelTo(addresses, { deadlineMs: 200 }))
    const refusal = { code: 'UNAVAILABLE', name: 'RegistryError' }
    await expect(remote.get(repository, latest)).rejects.toMatchObject(refusal)
    await expect(remote.delete(repository, digest)).rejects.toMatchObject(refusal)
  })

  it('may be all the addresses of a name', async () => {
    const { address } = await started({})
    const port = Number(address.split(':')[1])
    const remote = new RemoteManifests(channelTo([`dns:///localhost:${port}`]))
    expect(await remote.get(repository, latest)).toMatchObject({ digest })
  })
})

describe('a deletion', () => {
  it('goes to a replica that is there', async () => {
    const deleted: string[] = []
    const { address } = await started({ delete: deletingInto(deleted) })
    const remote = new RemoteManifests(channelTo([`127.0.0.1:${await freePort()}`, address]))
    await remote.delete(repository, digest)
    await remote.delete(repository, digest)
    expect(deleted).toEqual([digest, digest])
  })

  it('is not asked for again where it may have arrived', async () => {
    const arrived = Promise.withResolvers<void>()
    const deleted: string[] = []
    const dying = await started({
      delete: () => {
        arrived.resolve()
        return never()
      },
    })
    const { address } = await started({ delete: deletingInto(deleted) })
    const call = new RemoteManifests(channelTo([dying.address, address])).delete(repository, digest)
    const code = call.catch((error: { code: string }) => error.code)
    await arrived.promise
    await dying.close()
    expect(await code).toBe('UNAVAILABLE')
    expect(deleted).toEqual([])
  })

  it('that is cancelled waits for no replica', async () => {
    const cancel = new AbortController()
    const channel = channelTo([await silentServer()])
    const { HealthService } = await import('../gen/grpc/health/v1/health.ts')
    const call = channel.call(HealthService.check, { service: '' }, { signal: cancel.signal, isRepeatable: false })
    cancel.abort(new Error('the client hung up'))
    await expect(call).rejects.toThrow('the client hung up')
  })
})

describe('reading a blob', () => {
  const chunk = Buffer.alloc(256 * 1024, 'abcdefgh')

  async function reading(read: () => ByteStream, options: Partial<RpcChannelOptions> = {}) {
    const started = Promise.withResolvers<AbortSignal>()
    const blobs: Blobs = {
      stat: unused,
      statAll: unused,
      put: unused,
      mount: unused,
      unlink: unused,
      read: async (_repository, _digest, _range, signal) => {
        started.resolve(signal as AbortSignal)
        return read()
      },
    }
    const served = await listen({ blobs })
    onTestFinished(() => served.close())
    const remote = new RemoteBlobs(channelTo([served.address], options))
    return { remote, served, signal: started.promise }
  }

  function endless() {
    const source = { chunks: 0, released: Promise.withResolvers<void>(), stream: iterate }
    async function* iterate(): ByteStream {
      try {
        for (;;) {
          source.chunks += 1
          yield chunk
        }
      } finally {
        source.released.resolve()
      }
    }
    return source
  }

  it('takes from the source no more than is asked for and a few messages', async () => {
    const source = endless()
    const { remote } = await reading(source.stream)
    let received = 0
    for await (const bytes of await remote.read(repository, digest)) {
      received += bytes.byteLength
      if (received > 40 * chunk.byteLength) break
      expect(source.chunks * chunk.byteLength - received).toBeLessThan(4 * 1024 * 1024)
    }
    await source.released.promise
  })

  it('that stops releases the source', async () => {
    const source = endless()
    const { remote, signal, served } = await reading(source.stream)
    for await (const bytes of await remote.read(repository, digest)) {
      expect(bytes.byteLength).toBeLessThanOrEqual(256 * 1024)
      break
    }
    await source.released.promise
    expect((await signal).aborted).toBe(true)
    expect(served.log.errors).toEqual([])
  })

  it('that is cancelled ends with the reason', async () => {
    const source = endless()
    const { remote } = await reading(source.stream)
    const cancel = new AbortController()
    const content = await remote.read(repository, digest, undefined, cancel.signal)
    const read = (async () => {
      for await (const _ of content) cancel.abort(new Error('the client hung up'))
    })()
    await expect(read).rejects.toThrow('the client hung up')
    await source.released.promise
  })

  it('never just ends where the server dies', async () => {
    const { remote, served } = await reading(async function* () {
      yield chunk
      await never()
    })
    const content = await remote.read(repository, digest)
    const read = (async () => {
      let received = 0
      for await (const bytes of content) {
        received += bytes.byteLength
        if (received === chunk.byteLength) await served.close()
      }
    })()
    await expect(read).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('throws what the source throws', async () => {
    const { remote, served } = await reading(async function* () {
      yield chunk
      throw new Error('EIO')
    })
    const content = await remote.read(repository, digest)
    const read = (async () => {
      for await (const _ of content);
    })()
    await expect(read).rejects.toMatchObject({ code: 'UNKNOWN' })
    expect(served.log.errors).toHaveLength(1)
  })

  it('waits no longer than the deadline for bytes', async () => {
    const { remote } = await reading(
      async function* () {
        yield chunk
        await never()
      },
      { deadlineMs: 1500 },
    )
    const content = await remote.read(repository, digest)
    const read = (async () => {
      for await (const _ of content);
    })()
    await expect(read).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: { reason: 'a service did not answer in time' },
    })
  })
})
