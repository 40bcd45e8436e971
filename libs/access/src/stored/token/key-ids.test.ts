import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { libtrustId, thumbprint } from './key-ids.ts'

describe('the ids of a key', () => {
  it('are what libtrust calls it', () => {
    const der =
      '3059301306072a8648ce3d020106082a8648ce3d03010703420004c0c6c78c3a99e0246ee070eb6d8ae03b9ff1041b9a49c2b8432c18fff2293da01c65e7f62dbfafa76d6d8e26cb181bb66db97a068fe7c78f27c440d9697f5625'
    const key = createPublicKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'spki' })
    expect(libtrustId(key)).toBe('OB4Y:TSDN:2I6L:YQ2B:LH3V:BD73:VC5W:G27C:UHSX:BMJE:2YB7:XBO6')
  })

  it('and its thumbprint (RFC 7638, section 3.1; RFC 8037, appendix A.3)', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const rsa = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
    expect(thumbprint(rsa)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const okp = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    expect(thumbprint(okp)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })
})
