import { inspect } from 'node:util'
import { SigningKey } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import { Findings } from '../problems.ts'
import { makeCertificate } from '../certificates/test-certificate.ts'
import { toSchema1 } from './to-schema1.ts'

const { key } = makeCertificate()

describe('the key that signs schema1', () => {
  it('is what its file holds, and shows nothing of it', () => {
    const findings = new Findings()
    const config = toSchema1({ enabled: true, signingKeyFile: '/key' }, () => key, findings)
    expect(config.key?.publicKey.id).toBe(SigningKey.parse(key).publicKey.id)
    const secret = key.split('\n')[1] as string
    for (const shown of [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })])
      expect(shown).not.toContain(secret.slice(0, 20))
    expect(findings.problems).toEqual([])
  })

  it('is none where no file is named', () => {
    expect(toSchema1({ enabled: false, signingKeyFile: undefined }, () => key, new Findings())).toEqual({
      acceptsPushes: false,
    })
  })

  it('is a problem where it cannot be read, or is no such key', () => {
    const unreadable = new Findings()
    const absent = (): string => {
      throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' })
    }
    toSchema1({ enabled: true, signingKeyFile: '/key' }, absent, unreadable)
    expect(unreadable.problems).toMatchObject([
      { path: 'compatibility.schema1.signingkeyfile', message: 'cannot be read: no such file or directory (ENOENT)' },
    ])
    const unfit = new Findings()
    toSchema1({ enabled: true, signingKeyFile: '/key' }, () => '{"kty":"oct"}', unfit)
    expect(unfit.problems).toMatchObject([{ message: 'the key is no private JSON Web Key' }])
  })
})
