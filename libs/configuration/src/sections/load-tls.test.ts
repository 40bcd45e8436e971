import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cipherList } from '../values/cipher-suites.ts'
import { loadTls, type TlsFiles } from './load-tls.ts'
import { Findings } from '../problems.ts'
import { makeCertificate } from '../certificates/test-certificate.ts'

const own = makeCertificate()
const other = makeCertificate()
const files: Readonly<Record<string, string>> = { cert: own.cert, key: own.key, otherKey: other.key, empty: '' }

const config: TlsFiles = {
  certificateFile: 'cert',
  keyFile: 'key',
  clientCaFiles: [],
  clientAuth: 'none',
  minimumVersion: 'TLSv1.2',
  ciphers: cipherList([]),
}

describe('TLS', () => {
  it('is what the files hold', () => {
    const changes = { clientCaFiles: ['cert'], clientAuth: 'require-and-verify-client-cert' } as const
    const tls = loadTls({ ...config, ...changes }, readFile, new Findings())
    expect(tls?.key.reveal()).toBe(own.key)
    expect(tls).toEqual({
      files: { ...config, ...changes },
      cert: own.cert,
      key: expect.anything(),
      minVersion: 'TLSv1.2',
      ciphers: config.ciphers,
      clientCas: [own.cert],
      clientAuth: 'require-and-verify-client-cert',
    })
  })

  it.each([
    ['2100-06-01', ['http.tls.certificate: the certificate expired at 2100-01-01T00:00:00.000Z']],
    ['2019-06-01', ['http.tls.certificate: the certificate is not valid before 2020-01-01T00:00:00.000Z']],
    ['2030-06-01', []],
  ])('is used though the certificate is not valid, which is a warning: at %s', (now, warnings) => {
    vi.useFakeTimers({ now: new Date(now), toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const findings = new Findings()
    expect(loadTls(config, readFile, findings)?.cert).toBe(own.cert)
    expect([findings.problems, findings.warnings]).toEqual([[], warnings])
  })

  it.each([
    [
      'a file that is not there',
      { certificateFile: 'nowhere', keyFile: 'nothing' },
      /certificate: cannot be read[^]*key: cannot be read/,
    ],
    [
      'a key of another certificate',
      { keyFile: 'otherKey' },
      /http\.tls: the certificate, its key or the CAs cannot be used/,
    ],
    [
      'a file of CAs that holds none',
      { clientCaFiles: ['key'], clientAuth: 'request-client-cert' as const },
      /http\.tls: .* cannot be used: a file of CAs has no certificate in PEM form, but a private key/,
    ],
    ['a file that holds nothing', { keyFile: 'empty' }, /http\.tls\.key: the file is empty/],
  ])('is a problem where it cannot be used: %s', (_, changes, message) => {
    const findings = new Findings()
    expect(loadTls({ ...config, ...changes }, readFile, findings)).toBeUndefined()
    expect(findings.problems.map(({ path, message: reason }) => `${path}: ${reason}`).join('\n')).toMatch(message)
  })
})

function readFile(path: string): string {
  const text = files[path]
  if (text === undefined) throw new Error(`no file ${path}`)
  return text
}
