import { createPublicKey } from 'node:crypto'
import { expect, it } from 'vitest'
import { libtrustId } from './libtrust-id.ts'

it('the id of a key is what libtrust calls it', () => {
  const der =
    '3059301306072a8648ce3d020106082a8648ce3d03010703420004c0c6c78c3a99e0246ee070eb6d8ae03b9ff1041b9a49c2b8432c18fff2293da01c65e7f62dbfafa76d6d8e26cb181bb66db97a068fe7c78f27c440d9697f5625'
  const key = createPublicKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'spki' })
  expect(libtrustId(key)).toBe('OB4Y:TSDN:2I6L:YQ2B:LH3V:BD73:VC5W:G27C:UHSX:BMJE:2YB7:XBO6')
})
