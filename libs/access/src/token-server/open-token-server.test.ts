import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AccessRequest } from '../access-controller.ts'
import { openAccess } from '../stored/open-access.ts'
import { keptLog, temporaryDirectory } from '../stored/test-files.ts'
import { makeKeyFile } from './key-files.ts'
import { formatSigningKeys, parseSigningKeys } from './signing-key.ts'

const rule = { subjects: ['anonymous'], repositories: ['public/**'], actions: ['pull'] }

async function files(policy: unknown = { rules: [rule] }) {
  const folder = await temporaryDirectory(onTestFinished)
  const log = keptLog()
  const path = join(folder, 'policy')
  await writeFile(path, JSON.stringify(policy))
  const options = {
    kind: 'berth',
    realm: '/token',
    redirectPath: '/token',
    scheme: 'http',
    service: 'registry.example',
    issuer: 'tokens.example',
    policy: path,
    htpasswd: undefined,
    issuers: [],
    keys: join(folder, 'keys'),
    jwksUrl: undefined,
    keyRotationMs: undefined,
    tokenLifetimeMs: 300_000,
    refreshLifetimeMs: 0,
    leewayMs: 0,
    failedLoginsPerMinute: 0,
    tokensPerSecond: 0,
  } as const
  const parts = { parseDocument: (text: string): unknown => JSON.parse(text), ownKeys: undefined }
  return { folder, log, options, parts }
}

const scope = { type: 'repository', name: 'public/app', actions: ['pull'] } as const

const asking = (authorization?: string): AccessRequest => ({
  authorization,
  accesses: [{ type: 'repository', name: 'public/app', action: 'pull' }],
  source: '192.0.2.1',
  host: 'registry.example:5000',
  scheme: undefined,
})

async function tokenOf({ tokens }: ReturnType<typeof openAccess>): Promise<string> {
  const answer = await tokens?.issue({
    credentials: { kind: 'none' },
    service: undefined,
    scopes: [scope],
    wantsRefresh: false,
    source: '192.0.2.1',
  })
  return answer?.outcome === 'issued' ? `Bearer ${answer.token}` : ''
}

describe('a token server as it is configured', () => {
  it('sends clients to itself, and takes what it gives them', async () => {
    const { log, options, parts } = await files()
    const opened = openAccess(options, log, parts)
    expect(await opened.controller.decide(asking())).toMatchObject({
      outcome: 'denied',
      challenge: { realm: 'http://registry.example:5000/token', service: 'registry.example' },
    })
    expect(await opened.controller.decide(asking(await tokenOf(opened)))).toMatchObject({ outcome: 'granted' })
  })

  it('is believed by whoever has its keys, and serves no tokens', async () => {
    const { log, options, parts } = await files()
    const server = openAccess(options, log, parts)
    const node = openAccess({ ...options, policy: 'none' }, log)
    expect(node.tokens).toBeUndefined()
    expect(await node.controller.decide(asking(await tokenOf(server)))).toMatchObject({ outcome: 'granted' })
  })

  it('is believed by whoever has no private key', async () => {
    const { folder, log, options, parts } = await files()
    const server = openAccess(options, log, parts)
    const keys = parseSigningKeys(await readFile(options.keys, 'utf8'))
    const path = join(folder, 'public')
    await writeFile(path, formatSigningKeys(keys.map((key) => ({ ...key, privateKey: undefined }))))
    const node = openAccess({ ...options, keys: path }, log)
    expect(await node.controller.decide(asking(await tokenOf(server)))).toMatchObject({ outcome: 'granted' })
    expect(() => openAccess({ ...options, keys: path }, log, parts)).toThrow('has no private key to sign tokens with')
  })

  it('makes its own keys where it is told none, and says where they end with it', async () => {
    const { folder, log, options, parts } = await files()
    const ownKeys = join(folder, 'data/own')
    const first = openAccess({ ...options, keys: undefined }, log, { ...parts, ownKeys })
    const again = openAccess({ ...options, keys: undefined }, log, { ...parts, ownKeys })
    expect(await again.controller.decide(asking(await tokenOf(first)))).toMatchObject({ outcome: 'granted' })
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([])
    const passing = openAccess({ ...options, keys: undefined }, log, parts)
    expect(await passing.controller.decide(asking(await tokenOf(first)))).toMatchObject({ outcome: 'denied' })
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })

  it('keeps its own keys in memory where none can be written, and says so once', async () => {
    const { log, options, parts } = await files()
    // Nobody makes files in there, whoever runs the test.
    const ownKeys = '/sys/berth-signing-keys'
    const opened = openAccess({ ...options, keys: undefined }, log, { ...parts, ownKeys })
    expect(await opened.controller.decide(asking(await tokenOf(opened)))).toMatchObject({ outcome: 'granted' })
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })

  it('makes no file of keys in a tree that is only read, and reads one that is there', async () => {
    const { folder, log, options, parts } = await files()
    const ownKeys = join(folder, 'own')
    const reading = { ...parts, ownKeys, isReadOnly: true }
    const passing = openAccess({ ...options, keys: undefined }, log, reading)
    expect(await passing.controller.decide(asking(await tokenOf(passing)))).toMatchObject({ outcome: 'granted' })
    await expect(readFile(ownKeys)).rejects.toThrow('ENOENT')
    const writing = openAccess({ ...options, keys: undefined }, log, { ...parts, ownKeys })
    const knowing = openAccess({ ...options, keys: undefined }, log, reading)
    expect(await knowing.controller.decide(asking(await tokenOf(writing)))).toMatchObject({ outcome: 'granted' })
  })

  it('writes nothing beside a file of keys that is there, as on a read-only mount', async () => {
    const { folder, options } = await files()
    makeKeyFile(options.keys)
    const before = await stat(folder)
    expect(makeKeyFile(options.keys)).toBe(false)
    expect((await stat(folder)).mtimeMs).toBe(before.mtimeMs)
  })

  it('is 503 for everybody while its keys are gone', async () => {
    const { log, options, parts } = await files()
    const opened = openAccess(options, log, parts)
    const token = await tokenOf(opened)
    await rm(options.keys)
    await expect((async () => opened.controller.decide(asking(token)))()).rejects.toThrow('service unavailable')
    makeKeyFile(options.keys)
    expect(await opened.controller.decide(asking(token))).toMatchObject({ outcome: 'denied' })
  })

  it('does not start with a policy that it does not understand', async () => {
    const { log, options, parts } = await files({ rules: [{ ...rule, actions: ['read'] }] })
    expect(() => openAccess(options, log, parts)).toThrow(
      /^auth\.berth\.policy: .* cannot be used: rule 1: actions: "read"/,
    )
    const missing = { ...options, policy: 'none' }
    expect(() => openAccess(missing, log, parts)).toThrow('auth.berth.policy: none cannot be used: ENOENT')
  })

  it('does not start where keys are asked for and there are none', async () => {
    const { log, options } = await files()
    expect(() => openAccess(options, log)).toThrow('auth.berth.keys')
    expect(() => openAccess({ ...options, keys: undefined }, log)).toThrow('it needs keys or jwksurl')
  })
})
