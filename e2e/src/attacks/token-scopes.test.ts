import { createPrivateKey, sign } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { basic, frodo, writeUsers } from '../access/htpasswd.ts'
import { Wire } from '../flow-player/wire.ts'
import { makeKey, type SigningKey } from '../token-server/token-settings.ts'
import { AttackedRegistry } from './attacked-registry.ts'

const service = 'registry.example'
const rulesOfTeams = 2000
const scopesOfAttacker = 95
/** By default an address may ask for 100 scopes a second, and for ten times as many at once. */
const tokensBy = (seconds: number): number => Math.ceil(((seconds + 10) * 100) / scopesOfAttacker) + 1
const attackers = ['127.0.0.2', '127.0.0.3', '127.0.0.4']

/** Thousands of rules, of which none is about what the attackers ask for; the last one is the normal client's. */
const policy = {
  rules: [
    ...Array.from({ length: rulesOfTeams }, (_, i) => ({
      subjects: ['users', 'anonymous'],
      repositories: [`team${i}/**/x/**`, `t${i}/*a*b*c/**`, `q${i}/**/*a*/**/z`],
      actions: ['pull'],
    })),
    { subjects: [{ user: frodo.name }], repositories: ['normal/**'], actions: ['*'] },
  ],
}

/** A token for the normal client, good for the whole test. */
function tokenOf(key: SigningKey): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const access = [{ type: 'repository', name: 'normal/app', actions: ['*'] }]
  const claims = { iss: service, aud: service, sub: frodo.name, exp, access }
  const input = `${part({ alg: 'ES256', kid: key.kid })}.${part(claims)}`
  const privateKey = createPrivateKey({ key, format: 'jwk' })
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** The answers, by status, to a client that asks for tokens for nobody, one after the other, until it is stopped. */
class ScopeAsker {
  readonly answers = new Map<number, number>()
  readonly #wire: Wire
  readonly #running: Promise<void>
  #isStopped = false

  constructor(host: string, address: string) {
    this.#wire = new Wire(host, {}, address)
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    this.#wire.close()
  }

  async #run(): Promise<void> {
    const name = `${'a/'.repeat(14)}b`
    const scopes = Array.from({ length: scopesOfAttacker }, (_, i) => `repository:${name}${i}:pull`)
    const target = `/token?${scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&')}`
    while (!this.#isStopped) {
      const { status } = await this.#wire.send('GET', target)
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
    }
  }
}

it('a registry whose anonymous clients ask for tokens for many scopes goes on giving tokens, pushes and pulls to others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-scopes-'))
  const askers: ScopeAsker[] = []
  const key = makeKey('first')
  try {
    await writeUsers(folder)
    const files = { policy: join(folder, 'policy.yml'), keys: join(folder, 'keys.json') }
    await writeFile(files.policy, JSON.stringify(policy))
    await writeFile(files.keys, JSON.stringify({ keys: [key] }))
    const registry = await AttackedRegistry.start({
      settings: { auth: { berth: { service, htpasswd: join(folder, 'htpasswd'), ...files } } },
      normalClient: { Authorization: `Bearer ${tokenOf(key)}` },
    })
    const wire = new Wire(registry.host, {}, '127.0.0.98')
    try {
      const begunAtMs = performance.now()
      for (const address of attackers) askers.push(new ScopeAsker(registry.host, address))
      for (let login = 0; login < 5; login++) {
        await registry.normalClient.finishes(1)
        const query = { service, scope: 'repository:normal/app:pull,push' }
        const headers = { Authorization: basic(frodo) }
        const issued = await wire.send('GET', '/token', { query, headers })
        const { token } = JSON.parse(issued.body.toString()) as { token: string }
        const asked = await wire.send('GET', '/v2/normal/app/tags/list', {
          headers: { Authorization: `Bearer ${token}` },
        })
        expect([issued.status, asked.status]).toEqual([200, 200])
      }
      await Promise.all(askers.map((asker) => asker.stop()))
      for (const { answers } of askers) {
        expect(answers.get(200)).toBeLessThan(tokensBy((performance.now() - begunAtMs) / 1000))
        expect(new Set(answers.keys())).toEqual(new Set([200, 429]))
      }
      await registry.isFreeAgain()
    } finally {
      wire.close()
      await Promise.all(askers.map((asker) => asker.stop()))
      await registry.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
