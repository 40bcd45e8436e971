import { describe, expect, it } from 'vitest'
import { isAllowedAddress, lookupAllowed, RefusedAddressError } from './allowed-address.ts'

describe('the address of a webhook', () => {
  it.each(['10.0.0.1', '192.168.1.1', '172.16.0.1', '8.8.8.8', '2001:db8::1', 'fd00::1', '::ffff:10.0.0.1'])(
    'may be %s',
    (address) => {
      expect(isAllowedAddress(address)).toBe(true)
    },
  )

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '::1',
    '::',
    'fe80::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    'localhost',
  ])('may not be %s', (address) => {
    expect(isAllowedAddress(address)).toBe(false)
  })

  it.each([{ all: true }, {}])('is checked after its name was looked up (%o)', async (options) => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    lookupAllowed('localhost', options, (error) => resolve(error))

    expect(await promise).toBeInstanceOf(RefusedAddressError)
  })
})
