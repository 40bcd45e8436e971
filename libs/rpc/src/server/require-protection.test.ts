import { describe, expect, it } from 'vitest'
import { RpcServer } from './rpc-server.ts'
import { requireProtection } from './require-protection.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

describe('a server without TLS', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost'])(
    'may listen on %s, which is this machine',
    (host) => {
      expect(() => requireProtection(host, false, false)).not.toThrow()
    },
  )

  it.each([
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
  ])('may not listen on %s, which others reach, and says what to configure', (host) => {
    expect(() => requireProtection(host, false, false)).toThrow('rpc.insecure: ')
  })

  it('may where that is asked for', () => {
    expect(() => requireProtection('0.0.0.0', false, true)).not.toThrow()
  })

  it('may not even try', async () => {
    const server = new RpcServer({ log, services: {} })
    await expect(server.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow('rpc.tls')
    expect((await server.listen({ port: 0, insecure: true })).port).toBeGreaterThan(0)
    await server.close(AbortSignal.abort())
  })
})

it('a server with TLS may listen anywhere', () => {
  expect(() => requireProtection(undefined, true, false)).not.toThrow()
})
