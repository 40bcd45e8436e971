import type { Manifests } from '@berth/manifests'
import { type RpcTls, Secret } from '@berth/process'
import { makeCertificate } from '@berth/process/test-certificate'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { digestOf } from '@berth/digest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RemoteManifests } from './client/remote-manifests.ts'
import { RpcChannel, type RpcClientTls } from './client/rpc-channel.ts'
import { listen } from './test-server.ts'

const [server, client, stranger] = [makePair(), makePair(), makePair()]
const digest = digestOf('m')
const manifests: Manifests = {
  get: async () => ({ mediaType: 'm', digest, content: Buffer.from('m') }),
  put: () => Promise.reject(new Error('not to be called here')),
  delete: async () => {},
}

async function get(serverTls: Partial<RpcTls>, clientTls: RpcClientTls | undefined): Promise<string> {
  const served = await listen({ manifests }, {}, { ...server, cas: [], ...serverTls })
  onTestFinished(() => served.close())
  const channel = new RpcChannel({ addresses: [served.address], tls: clientTls, deadlineMs: 300 })
  onTestFinished(() => channel.close())
  const repository = parseRepositoryName('a')
  return new RemoteManifests(channel).get(repository, parseTag('b')).then(
    (found) => found.digest,
    (error: { code: string }) => error.code,
  )
}

describe('over TLS', () => {
  const cas = [client.cert]

  it.each<[string, Partial<RpcTls>, RpcClientTls]>([
    ['that trusts the server', {}, { cas: [server.cert] }],
    ['that shows the certificate which is asked for', { cas }, { cas: [server.cert], ...client }],
  ])('a client is answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls)).toBe(digest)
  })

  it.each<[string, Partial<RpcTls>, RpcClientTls | undefined]>([
    ['that shows no certificate', { cas }, { cas: [server.cert] }],
    ["that shows a stranger's certificate", { cas }, { cas: [server.cert], ...stranger }],
    ['that does not trust the server', {}, { cas: [stranger.cert] }],
    ['that trusts whom Node trusts', {}, { cas: [] }],
    ['that speaks no TLS', {}, undefined],
  ])('a client is not answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls)).toBe('UNAVAILABLE')
  })
})

function makePair(): Pick<RpcTls, 'cert' | 'key'> {
  const { cert, key } = makeCertificate()
  return { cert, key: new Secret(key) }
}
