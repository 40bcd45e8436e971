import { generateKeyPairSync } from 'node:crypto'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keptLog, temporaryDirectory } from '../stored/test-files.ts'
import { parseJwks } from '../stored/token/parse-jwks.ts'
import { keysInMemory, type KeyStore, makeKeyFile, openKeyFile } from './key-files.ts'
import { rotateKeyFile } from './rotate-key-file.ts'
import { formatKeySet, formatSigningKeys, makeSigningKey, parseSigningKeys, type SigningKey } from './signing-key.ts'
import { SigningKeys } from './signing-keys.ts'

const start = Date.UTC(2030, 0, 1)
const day = 24 * 3_600_000
const rotation = { signs: (30 * day) / 1000, ahead: 3600, trusted: (7 * day) / 1000 }

function keysOf(store: KeyStore = keysInMemory(), signs = rotation.signs) {
  let nowMs = start
  const log = keptLog()
  const keys = new SigningKeys({ store, rotation: { ...rotation, signs }, log, nowMs: () => nowMs })
  return { keys, log, pass: (ms: number) => void (nowMs += ms) }
}

function storeOf(...initial: readonly SigningKey[]): KeyStore {
  let value = initial
  return {
    get value() {
      return value
    },
    replace: (next) => void (value = [...next]),
  }
}

describe('the keys of tokens', () => {
  it('sign with the one that began last', () => {
    const [a, b, later] = [start / 1000 - 100, start / 1000 - 10, start / 1000 + 60].map(makeSigningKey)
    const { keys, pass } = keysOf(storeOf(a!, b!, later!), 0)
    expect(keys.signing().id).toBe(b?.id)
    pass(60_000)
    expect(keys.signing().id).toBe(later?.id)
  })

  it('are known to everybody before they sign, and trusted until what they signed has run out', () => {
    const { keys, pass } = keysOf(storeOf(makeSigningKey(start / 1000)))
    const first = keys.signing().id
    pass(30 * day - 3_600_000)
    expect(keys.signing().id).toBe(first)
    const published = [...parseJwks(keys.keySet()).keys()]
    expect(published).toHaveLength(2)
    pass(3_600_000)
    const second = keys.signing().id
    expect(second).not.toBe(first)
    expect(published).toContain(second)
    expect(keys.find({ kid: first })).toBeDefined()
    pass(7 * day)
    expect(keys.find({ kid: first })).toBeUndefined()
    expect([...parseJwks(keys.keySet()).keys()]).toEqual([second])
  })

  it('come and go for years, and there are never more than three', () => {
    const { keys, pass } = keysOf(storeOf(makeSigningKey(start / 1000)))
    const signed = new Set<string>()
    for (let passed = 0; passed < 1000; passed++) {
      pass(day)
      signed.add(keys.signing().id)
      expect(parseJwks(keys.keySet()).size).toBeLessThan(4)
    }
    expect(signed.size).toBeGreaterThan(30)
  })

  it('stay as they are where nobody may write them, which is told once an hour', () => {
    const key = makeSigningKey(0)
    const refusing: KeyStore = {
      value: [key],
      replace: () => {
        throw new Error('EROFS')
      },
    }
    const { keys, log, pass } = keysOf(refusing)
    for (let time = 0; time < 5; time++) expect(keys.signing().id).toBe(key.id)
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    pass(3_600_001)
    keys.signing()
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2)
  })

  it('are none that a token shows itself', () => {
    const { keys } = keysOf()
    const kid = keys.signing().id
    expect(keys.find({ kid })).toBeDefined()
    expect(keys.find({ kid, jwk: {} })).toBeUndefined()
    expect(keys.find({ kid, x5c: [] })).toBeUndefined()
    expect(keys.find({})).toBeUndefined()
  })

  it('are unavailable where none signs', () => {
    const verifying = { ...makeSigningKey(0), privateKey: undefined }
    expect(() => keysOf(storeOf(verifying), 0).keys.signing()).toThrow('service unavailable')
  })
})

describe('a set of keys', () => {
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ].map(({ privateKey }, at) => ({ ...privateKey.export({ format: 'jwk' }), kid: `k${at}` }))

  it('may have any kind that is good for signing', () => {
    const keys = parseSigningKeys(JSON.stringify({ keys: pairs }))
    expect(keys.map(({ algorithm }) => algorithm)).toEqual(['ES256', 'ES384', 'EdDSA', 'RS256'])
  })

  it('is the same when it is read again', () => {
    const keys = [makeSigningKey(5), { ...makeSigningKey(0), privateKey: undefined, trustedUntil: 9 }]
    const again = parseSigningKeys(formatSigningKeys(keys))
    const plain = (all: readonly SigningKey[]) =>
      all.map(({ id, signsFrom, trustedUntil, privateKey }) => [id, signsFrom, trustedUntil, privateKey !== undefined])
    expect(plain(again)).toEqual(plain(keys))
  })

  it('tells everybody until when each key is trusted', () => {
    const keys = [makeSigningKey(0), { ...makeSigningKey(0), trustedUntil: 9 }]
    expect((JSON.parse(formatKeySet(keys)) as { keys: { exp?: number }[] }).keys.map(({ exp }) => exp)).toEqual([
      undefined,
      9,
    ])
  })

  it('tells everybody nothing that signs', () => {
    const keys = parseSigningKeys(JSON.stringify({ keys: pairs }))
    const told = (JSON.parse(formatKeySet(keys)) as { keys: object[] }).keys
    expect(told).toHaveLength(4)
    const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']
    expect(told.flatMap((jwk) => Object.keys(jwk)).filter((member) => secret.includes(member))).toEqual([])
  })

  it.each([
    ['no JSON', '{"keys": [{"d": "secret-part"'],
    ['no set', '{"d": "secret-part"}'],
    ['no keys', '{"keys": []}'],
    ['a text for a key', '{"keys": ["secret-part"]}'],
    ['a broken key', '{"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "secret-part"}]}'],
    ['a secret for all', '{"keys": [{"kty": "oct", "k": "secret-part"}]}'],
    ['a date for a time', JSON.stringify({ keys: [{ ...pairs[0], nbf: '2030' }] })],
    ['an id twice', JSON.stringify({ keys: [pairs[0], { ...pairs[1], kid: 'k0' }] })],
  ])('is refused with %s, and shows nothing of it', (_, text) => {
    let message = ''
    try {
      parseSigningKeys(text)
    } catch (error) {
      message = String(error)
    }
    expect(message).not.toBe('')
    expect(message).not.toContain('secret-part')
  })
})

describe('a file of keys', () => {
  it('is made once, for its owner alone, and leaves nothing else behind', async () => {
    const folder = await temporaryDirectory(onTestFinished)
    const path = join(folder, 'keys.json')
    expect([makeKeyFile(path), makeKeyFile(path)]).toEqual([true, false])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['keys.json'])
    expect(parseSigningKeys(await readFile(path, 'utf8'))).toHaveLength(1)
  })

  it('trusts no key any more once a set without keys replaces it, but does not begin with one', async () => {
    const path = join(await temporaryDirectory(onTestFinished), 'keys.json')
    makeKeyFile(path)
    const { keys } = keysOf(openKeyFile(path, keptLog()), 0)
    await writeFile(path, '{"keys": []}')
    expect(() => keys.signing()).toThrow('service unavailable')
    expect(() => openKeyFile(path, keptLog())).toThrow('not a JSON Web Key Set with keys in it')
  })

  it('is rotated by whoever has it open, and others see that', async () => {
    const path = join(await temporaryDirectory(onTestFinished), 'keys.json')
    makeKeyFile(path)
    const [mine, other] = [openKeyFile(path, keptLog()), openKeyFile(path, keptLog())]
    const { keys, pass } = keysOf(mine)
    pass(31 * day)
    keys.signing()
    expect(other.value).toHaveLength(2)
  })

  it('has another key after each rotation, which signs an hour later', async () => {
    const path = join(await temporaryDirectory(onTestFinished), 'keys.json')
    expect(rotateKeyFile(path, start)).toHaveLength(1)
    const [newest, oldest] = rotateKeyFile(path, start)
    expect(newest?.signsFrom).toBe(start / 1000 + 3600)
    expect(oldest?.trustedUntil).toBeGreaterThan(start / 1000 + 3600)
  })

  it('is not touched where it is none', async () => {
    const path = join(await temporaryDirectory(onTestFinished), 'keys.json')
    await writeFile(path, 'mine')
    await chmod(path, 0o600)
    expect(() => rotateKeyFile(path)).toThrow('not JSON')
    expect(await readFile(path, 'utf8')).toBe('mine')
  })
})
