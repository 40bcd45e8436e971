import { Secret } from '@berth/configuration'
import { makeCertificate } from '@berth/configuration/testing'
import { describe, expect, it } from 'vitest'
import { RenewableTls } from '../tls.ts'
import { RpcServer } from './rpc-server.ts'
import { type Protection, requireProtection } from './require-protection.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

const noTls: Protection = { hasTls: false, verifiesClients: false, insecure: false }
const serverTls: Protection = { ...noTls, hasTls: true }
const mutualTls: Protection = { ...serverTls, verifiesClients: true }

const loopback = ['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost']
const reachable = [
  undefined,
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '::2',
  'fe80::1',
  '::ffff:10.0.0.1',
  '127.evil.example',
  'manifest',
  '',
]

describe.each([
  ['without TLS', noTls, 'rpc.insecure: '],
  ['with TLS that verifies no clients', serverTls, 'rpc.tls.clientcas: '],
])('a server %s', (_, protection, key) => {
  it.each(loopback)('may listen on %s, which is this machine', (host) => {
    expect(() => requireProtection(host, protection)).not.toThrow()
  })

  it.each(reachable)('may not listen on %s, which others reach, and says what to configure', (host) => {
    expect(() => requireProtection(host, protection)).toThrow(key)
    expect(() => requireProtection(host, protection)).toThrow('rpc.tls.clientcas')
    expect(() => requireProtection(host, protection)).toThrow('rpc.insecure')
  })

  it('may listen on any address where rpc.insecure is set', () => {
    for (const host of reachable) expect(() => requireProtection(host, { ...protection, insecure: true })).not.toThrow()
  })
})

describe('a server', () => {
  const { cert, key } = makeCertificate()
  const tlsWith = (cas: readonly string[]) => new RenewableTls({ cert, key: new Secret(key), cas })

  it('without TLS does not bind an address that others reach unless rpc.insecure is set', async () => {
    const server = new RpcServer({ log, services: {} })
    await expect(server.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow('rpc.tls')
    expect((await server.listen({ port: 0, insecure: true })).port).toBeGreaterThan(0)
    await server.close(AbortSignal.abort())
  })

  it('with TLS binds an address that others reach only if it verifies clients, or rpc.insecure is set', async () => {
    const server = new RpcServer({ log, services: {} })
    await expect(server.listen({ host: '0.0.0.0', port: 0 }, tlsWith([]))).rejects.toThrow('rpc.tls.clientcas')
    expect((await server.listen({ port: 0 }, tlsWith([cert]))).port).toBeGreaterThan(0)
    expect((await server.listen({ port: 0, insecure: true }, tlsWith([]))).port).toBeGreaterThan(0)
    await server.close(AbortSignal.abort())
  })

  it('that verifies clients may listen on any address', () => {
    for (const host of reachable) expect(() => requireProtection(host, mutualTls)).not.toThrow()
  })
})
