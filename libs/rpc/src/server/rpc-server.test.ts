import { once } from 'node:events'
import { type ClientReadableStream, credentials, makeGenericClientConstructor, Metadata, status } from '@grpc/grpc-js'
import { digestOf } from '@berth/digest'
import type { Manifests, Tags } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RemoteManifests } from '../client/remote-manifests.ts'
import { RpcChannel } from '../client/rpc-channel.ts'
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from '../gen/grpc/health/v1/health.ts'
import { listen, type Served } from '../test-server.ts'
import { RpcServer } from './rpc-server.ts'

const repository = parseRepositoryName('a')
const latest = parseTag('latest')
const found = { mediaType: 'm', digest: digestOf('m'), content: Buffer.from('m') }
const unused = () => Promise.reject(new Error('not to be called here'))
const tags: Tags = { list: unused, delete: unused }

async function started(
  get: Manifests['get'] = async () => found,
  options: Parameters<typeof listen>[1] = {},
): Promise<Served> {
  const served = await listen({ manifests: { get, put: unused, delete: unused }, tags }, options)
  onTestFinished(() => served.close())
  return served
}

/** A client of gRPC's own, as orchestrators have one. */
function plainClient(address: string) {
  const Client = makeGenericClientConstructor({}, '')
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  onTestFinished(() => client.close())
  const { check, watch } = HealthService
  return {
    client,
    check: (service: string) =>
      new Promise<ServingStatus | status>((resolve) => {
        client.makeUnaryRequest(
          check.path,
          check.requestSerialize,
          check.responseDeserialize,
          { service },
          new Metadata(),
          (error, answer) => resolve(error === null ? (answer?.status ?? ServingStatus.UNKNOWN) : error.code),
        )
      }),
    watch: (service: string): ClientReadableStream<HealthCheckResponse> =>
      client
        .makeServerStreamRequest<HealthCheckRequest, HealthCheckResponse>(
          watch.path,
          watch.requestSerialize,
          watch.responseDeserialize,
          { service },
        )
        .on('error', () => {}),
  }
}

describe('the health of a server', () => {
  it('says by its key that an address is taken', async () => {
    const { address } = await started()
    const [, port] = address.split(':')
    const second = new RpcServer({ log: { debug() {}, info() {}, warn() {}, error() {} }, services: {} })
    await expect(second.listen({ host: '127.0.0.1', port: Number(port) })).rejects.toMatchObject({
      name: 'StartError',
      message: `rpc.listen: cannot listen on ${address}: the address is in use`,
    })
    await second.close(AbortSignal.abort())
  })

  it.each(['', 'registry.v1.ManifestsService', 'registry.v1.TagsService'])('%j is that it serves', async (service) => {
    const { address } = await started()
    expect(await plainClient(address).check(service)).toBe(ServingStatus.SERVING)
  })

  it('is not known of what it does not have', async () => {
    const { address } = await started()
    expect(await plainClient(address).check('registry.v1.BlobsService')).toBe(status.NOT_FOUND)
    const call = plainClient(address).watch('registry.v1.BlobsService')
    const [first] = (await once(call, 'data')) as [HealthCheckResponse]
    expect(first.status).toBe(ServingStatus.SERVICE_UNKNOWN)
  })

  it('is told to those who watch when it begins to close, and does not keep it from closing', async () => {
    const { address, server } = await started()
    const statuses: ServingStatus[] = []
    const call = plainClient(address).watch('')
    call.on('data', ({ status: now }: HealthCheckResponse) => statuses.push(now))
    await once(call, 'data')
    await Promise.all([once(call, 'end'), server.close(new AbortController().signal)])
    expect(statuses).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING])
  })

  it('may be watched by one who leaves', async () => {
    const { address, server } = await started()
    const call = plainClient(address).watch('')
    await once(call, 'data')
    call.cancel()
    expect(await server.close(new AbortController().signal)).toBeUndefined()
  })
})

describe('a server that closes', () => {
  it('lets the calls in flight end', async () => {
    const arrived = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<typeof found>()
    const { address, server } = await started(() => {
      arrived.resolve()
      return answer.promise
    })
    const channel = new RpcChannel({ addresses: [address] })
    onTestFinished(() => channel.close())
    const call = new RemoteManifests(channel).get(repository, latest)
    await arrived.promise
    const closed = server.close(new AbortController().signal)
    answer.resolve(found)
    expect((await call).digest).toBe(found.digest)
    await closed
  })

  it('ends them when there is no time left', async () => {
    const arrived = Promise.withResolvers<void>()
    const { address, server } = await started(() => {
      arrived.resolve()
      return new Promise(() => {})
    })
    const channel = new RpcChannel({ addresses: [address], deadlineMs: 2000 })
    onTestFinished(() => channel.close())
    const call = new RemoteManifests(channel).get(repository, latest)
    const ended = call.catch(({ code }: { code: string }) => code)
    await arrived.promise
    const deadline = new AbortController()
    const closed = server.close(deadline.signal)
    deadline.abort()
    await closed
    expect(await ended).toBe('UNAVAILABLE')
  })
})

describe('the age of a connection', () => {
  it('is bounded, and nobody notices', async () => {
    const { address } = await started(undefined, { maxConnectionAgeMs: 50, maxConnectionAgeGraceMs: 50 })
    const { client } = plainClient(address)
    client.getChannel().getConnectivityState(true)
    const channel = new RpcChannel({ addresses: [address] })
    onTestFinished(() => channel.close())
    const remote = new RemoteManifests(channel)

    await changed(client, 'is ready')
    const isOld = changed(client, 'is not ready any more')
    let hasEnded = false
    void isOld.then(() => (hasEnded = true))
    const call = async () => expect((await remote.get(repository, latest)).digest).toBe(found.digest)
    while (!hasEnded) await call()
    await call()
  })
})

function changed(client: ReturnType<typeof plainClient>['client'], what: 'is ready' | 'is not ready any more') {
  const channel = client.getChannel()
  const ready = 2
  return new Promise<void>((resolve, reject) => {
    const look = (error?: Error): void => {
      const now = channel.getConnectivityState(false)
      if (error) return reject(error)
      if ((now === ready) === (what === 'is ready')) return resolve()
      channel.watchConnectivityState(now, Date.now() + 5_000, look)
    }
    look()
  })
}
