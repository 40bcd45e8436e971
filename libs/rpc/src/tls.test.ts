import type { Manifests } from '@berth/manifests'
import { makeCertificate } from '@berth/process/test-certificate'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { digestOf } from '@berth/digest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RemoteManifests } from './client/remote-manifests.ts'
import { RpcChannel } from './client/rpc-channel.ts'
import { listen } from './test-server.ts'
import { loadRpcTls, type RpcClientTls, type RpcServerTls } from './tls.ts'

const server = makeCertificate()
const client = makeCertificate()
const stranger = makeCertificate()
const digest = digestOf('m')
const manifests: Manifests = {
  get: async () => ({ mediaType: 'm', digest, content: Buffer.from('m') }),
  put: () => Promise.reject(new Error('not to be called here')),
  delete: async () => {},
}

async function get(serverTls: Partial<RpcServerTls>, clientTls: RpcClientTls | undefined): Promise<string> {
  const served = await listen({ manifests }, {}, { ...server, clientCas: [], ...serverTls })
  onTestFinished(() => served.close())
  const tls = clientTls && { tls: clientTls }
  const channel = new RpcChannel({ addresses: [served.address], ...tls, deadlineMs: 300 })
  onTestFinished(() => channel.close())
  const repository = parseRepositoryName('a')
  return new RemoteManifests(channel).get(repository, parseTag('b')).then(
    (found) => found.digest,
    (error: { code: string }) => error.code,
  )
}

describe('over TLS', () => {
  const clientCas = [client.cert]

  it.each<[string, Partial<RpcServerTls>, RpcClientTls]>([
    ['that trusts the server', {}, { cas: [server.cert] }],
    ['that shows the certificate which is asked for', { clientCas }, { cas: [server.cert], ...client }],
  ])('a client is answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls)).toBe(digest)
  })

  it.each<[string, Partial<RpcServerTls>, RpcClientTls | undefined]>([
    ['that shows no certificate', { clientCas }, { cas: [server.cert] }],
    ["that shows a stranger's certificate", { clientCas }, { cas: [server.cert], ...stranger }],
    ['that does not trust the server', {}, { cas: [stranger.cert] }],
    ['that trusts whom Node trusts', {}, { cas: [] }],
    ['that speaks no TLS', {}, undefined],
  ])('a client is not answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls)).toBe('UNAVAILABLE')
  })
})

describe('reading what TLS needs', () => {
  const files = { certificateFile: 'c', keyFile: 'k', clientCaFiles: ['a'] }
  const contents: Record<string, string> = { c: server.cert, k: server.key, a: client.cert }
  const read = (path: string): string => {
    const text = contents[path]
    if (text === undefined) throw new Error(`no file ${path}`)
    return text
  }

  it('gives both ends the same certificate, and whom to trust', () => {
    expect(loadRpcTls(files, read)).toEqual({
      server: { ...server, clientCas: [client.cert] },
      client: { ...server, cas: [client.cert] },
    })
  })

  it('tells of every file that cannot be read', () => {
    expect(() => loadRpcTls({ certificateFile: 'x', keyFile: 'y', clientCaFiles: ['a', 'z'] }, read)).toThrow(
      /3 problems.*\n.*rpc\.tls\.certificate: .*no file x\n.*rpc\.tls\.key: .*no file y\n.*rpc\.tls\.clientcas\[1\]: .*no file z/,
    )
  })

  it('refuses what TLS cannot use', () => {
    expect(() => loadRpcTls({ ...files, keyFile: 'c' }, read)).toThrow('cannot be used')
  })
})
