import { describe, expect, it } from 'vitest'
import { trustedPeers } from './trusted-proxies.ts'

const isTrusted = trustedPeers([
  { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { address: 'fd00::', prefix: 8, family: 'ipv6' },
])

describe('a peer', () => {
  it.each(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'])('at %s is trusted', (address) => {
    expect(isTrusted(address)).toBe(true)
  })

  it.each(['11.1.2.3', '::ffff:11.1.2.3', 'fe80::1', undefined])('at %s is not', (address) => {
    expect(isTrusted(address)).toBe(false)
  })

  it('is never trusted where no network is', () => {
    expect(trustedPeers([])('127.0.0.1')).toBe(false)
  })
})
