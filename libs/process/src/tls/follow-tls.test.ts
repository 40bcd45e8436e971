import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ServerTls } from '@berth/configuration'
import { Secret } from '@berth/configuration'
import { makeCertificate } from '@berth/configuration/testing'
import { followTls } from './follow-tls.ts'

const first = makeCertificate()
const second = makeCertificate()
const other = makeCertificate()
const ofAnotherKind = makeCertificate([127, 0, 0, 1], 'rsa')
const encrypted = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-128-cbc',
  passphrase: 'x',
}) as string

interface Held {
  readonly cert: string
  readonly key: string
  readonly ca?: string
}

/** A secret as Kubernetes mounts it: files are links through one link, which is swapped for all of them at once. */
class MountedSecret {
  readonly path: string
  #version = 0

  private constructor(path: string) {
    this.path = path
  }

  static async open(held: Held): Promise<MountedSecret> {
    const path = await mkdtemp(join(tmpdir(), 'berth-tls-'))
    onTestFinished(() => rm(path, { recursive: true }))
    const secret = new MountedSecret(path)
    await secret.swap(held)
    for (const name of ['cert', 'key', 'ca']) await symlink(join('..data', name), join(path, name))
    return secret
  }

  async swap({ cert, key, ca = first.cert }: Held): Promise<void> {
    const version = `..${++this.#version}`
    await mkdir(join(this.path, version))
    for (const [name, text] of Object.entries({ cert, key, ca })) await writeFile(join(this.path, version, name), text)
    await symlink(version, join(this.path, '..data_tmp'))
    await rename(join(this.path, '..data_tmp'), join(this.path, '..data'))
  }
}

async function follow() {
  const secret = await MountedSecret.open(first)
  const file = (name: string): string => join(secret.path, name)
  const tls: ServerTls = {
    files: {
      certificateFile: file('cert'),
      keyFile: file('key'),
      clientCaFiles: [file('ca')],
      clientAuth: 'require-and-verify-client-cert',
      minimumVersion: 'TLSv1.2',
      ciphers: 'HIGH',
    },
    cert: first.cert,
    key: new Secret(first.key),
    clientCas: [first.cert],
    clientAuth: 'require-and-verify-client-cert',
    minVersion: 'TLSv1.2',
    ciphers: 'HIGH',
  }
  const used: ServerTls[] = []
  const lines: { level: string; fields: object; message: string }[] = []
  const line = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  let due: (() => void) | undefined
  let onScheduled = (): void => {}
  const followed = followTls(tls, {
    use: (renewed) => used.push(renewed),
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    after: (_, run) => {
      due = run
      onScheduled()
      return () => (due = undefined)
    },
  })
  onTestFinished(() => followed.close())
  /** Lets it look once, to the end. */
  const look = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    onScheduled = resolve
    due?.()
    await promise
  }
  return { secret, file, used, lines, look }
}

describe('following the files of TLS', () => {
  it('finds nothing to do while they are the same', async () => {
    const { secret, used, lines, look } = await follow()
    await look()
    await secret.swap(first)
    await look()
    expect({ used, lines }).toEqual({ used: [], lines: [] })
  })

  it('goes on with what they hold once they are swapped, and says until when that is valid', async () => {
    const { secret, file, used, lines, look } = await follow()
    await secret.swap({ ...second, ca: other.cert })
    await look()
    await look()
    expect(used).toEqual([
      expect.objectContaining({ cert: second.cert, clientCas: [other.cert], minVersion: 'TLSv1.2', ciphers: 'HIGH' }),
    ])
    expect(used[0]?.key.reveal()).toBe(second.key)
    const paths = [file('cert'), file('key'), file('ca')]
    const fields = { key: 'http.tls', paths, validTo: new Date('2100-01-01T00:00:00Z') }
    expect(lines).toEqual([{ level: 'info', fields, message: 'files were reloaded' }])
  })

  it.each([
    ['a certificate that is cut off', { cert: second.cert.slice(0, 200), key: second.key }, /is cut off/],
    ['an encrypted key', { cert: second.cert, key: encrypted }, /is encrypted/],
    ['no certificate', { cert: '', key: second.key }, /is empty/],
    ['no key', { cert: second.cert, key: '\n' }, /is empty/],
    ['CAs that are none', { ...second, ca: 'soon' }, /has no certificate/],
    ['a CA that cannot be read', { ...second, ca: other.cert.replace('MII', 'AAA') }, /./],
  ])('keeps what they held before, and says so once: %s', async (_, held, reason) => {
    const { secret, used, lines, look } = await follow()
    await secret.swap(held)
    await look()
    await look()
    expect(used).toEqual([])
    expect(lines).toEqual([
      {
        level: 'error',
        fields: expect.objectContaining({ reason: expect.stringMatching(reason) }),
        message: 'cannot use the changed files: keeping their previous content',
      },
    ])
    const line = JSON.stringify(lines)
    for (const text of [second.key, other.key]) expect(line).not.toContain(text.split('\n')[1])
    await secret.swap(second)
    await look()
    expect(used).toMatchObject([{ cert: second.cert }])
  })

  it.each([
    ['the certificate first', { cert: second.cert, key: first.key }, second],
    ['the key first', { cert: first.cert, key: second.key }, second],
    ['a certificate of another kind first', { cert: ofAnotherKind.cert, key: first.key }, ofAnotherKind],
    ['a key of another kind first', { cert: first.cert, key: ofAnotherKind.key }, ofAnotherKind],
  ])('uses a new pair once it is complete, and the old one until then: %s', async (_, half, whole) => {
    const { secret, used, lines, look } = await follow()
    await secret.swap(half)
    for (let time = 0; time < 3; time++) await look()
    expect(used).toEqual([])
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: expect.objectContaining({ reason: expect.stringMatching(/does not belong to the certificate/) }),
        message: 'the new certificate and key do not match yet: keeping the previous ones',
      },
    ])
    await secret.swap(whole)
    await look()
    expect(used).toMatchObject([{ cert: whole.cert }])
  })

  it('uses a new certificate that has expired, and warns of it', async () => {
    const { secret, used, lines, look } = await follow()
    vi.useFakeTimers({ now: new Date('2100-06-01'), toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    await secret.swap(second)
    await look()
    expect(used).toMatchObject([{ cert: second.cert }])
    const warning = 'the certificate expired at 2100-01-01T00:00:00.000Z'
    expect(lines).toMatchObject([{ level: 'warn', fields: { warning }, message: 'files were reloaded' }])
  })

  it('keeps what they held while one of them is gone, and says so once for each time', async () => {
    const { secret, file, used, lines, look } = await follow()
    for (const round of [1, 2]) {
      await unlink(file('key'))
      await look()
      await look()
      expect(lines).toHaveLength(round)
      await symlink(join('..data', 'key'), file('key'))
      await look()
    }
    expect(lines).toMatchObject([{ level: 'error' }, { level: 'error' }])
    expect(used).toEqual([])
    await secret.swap(second)
    await look()
    expect(used).toMatchObject([{ cert: second.cert }])
  })
})
