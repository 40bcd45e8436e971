import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basic, frodo } from '../access/htpasswd.ts'
import { startBerth } from '../berth.ts'
import { freePort } from '../free-port.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { IdentityProvider } from './identity-provider.ts'
import { policy, TokenFiles } from './token-settings.ts'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const main = resolve(repository, process.env['BERTH_MAIN'] ?? 'apps/all-in-one/src/main.ts')

let folder: string
let provider: IdentityProvider
let files: TokenFiles
let berth: RegistryProcess
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-t-'))
  provider = await IdentityProvider.start()
  files = await TokenFiles.write(folder, provider)
  const settings = { ...files.settings(), limits: { tokens: 5 } }
  berth = await startBerth({ folder, port: await freePort(), settings, topology: 'all-in-one' })
})
afterAll(async () => {
  await berth.stop()
  provider.close()
  await rm(folder, { recursive: true, force: true })
})

/** What Berth says to a command line. */
async function command(config: string, ...args: readonly string[]): Promise<{ status: number; output: string }> {
  const { promise, resolve: done } = Promise.withResolvers<{ status: number; output: string }>()
  execFile(process.execPath, [main, ...args, '--config', config], (error, stdout, stderr) =>
    done({ status: Number(error?.code ?? 0), output: stdout + stderr }),
  )
  return promise
}

const explain = (...args: readonly string[]) =>
  command(join(folder, `config-${berth.port}.yml`), 'access', 'explain', ...args)

async function granted(name: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'password',
    username: frodo.name,
    password: frodo.password,
    scope: `repository:${name}:pull,push`,
  })
  const answer = await fetch(`http://${berth.host}/token`, { method: 'POST', body })
  return ((await answer.json()) as { scope: string }).scope
}

describe('the policy of a running registry', () => {
  it('is the file as it is now, and as it was while that is broken', async () => {
    expect(await granted('mordor/app')).toBe('')
    await files.writePolicy(policy.replace("'shire/**'", "'shire/**', 'mordor/**'"))
    expect(await granted('mordor/app')).toBe('repository:mordor/app:pull,push')
    await files.writePolicy('rules: [{subjects: [everybody], repositories: ["**"], actions: ["*"]}]')
    expect(await granted('mordor/app')).toBe('repository:mordor/app:pull,push')
    expect(await granted('gondor/app')).toBe('')
    await expect.poll(() => berth.output()).toMatch(/an access file is invalid: keeping its previous content/)
    expect(berth.output()).toContain('\\"everybody\\" is no subject')
    await files.writePolicy(policy)
    expect(await granted('mordor/app')).toBe('')
  })

  it('is explained by the rule that decides', async () => {
    expect(await explain('frodo', 'shire/app', 'push')).toEqual({
      status: 0,
      output: [
        'allowed: frodo may push in shire/app',
        'decided by rule 1, "the shire is the hobbits’", which allows pull, push, delete',
        '  subject: group hobbits',
        '  repositories: shire/**',
        '',
      ].join('\n'),
    })
    const { output, status } = await explain('anonymous', 'shire/public/app', 'push')
    expect([status, output]).toEqual([1, expect.stringContaining('decided by rule 3')])
  })

  it('is explained for those whom an issuer vouches for', async () => {
    const subject = ['system:serviceaccount:team-a:builder', '--issuer', 'kubernetes', '--claims']
    const claims = (namespace: string) => JSON.stringify({ 'kubernetes.io': { namespace } })
    const [name, ...rest] = subject
    const may = await explain(name!, 'ci/team-a/app', 'push', ...rest, claims('team-a'))
    expect([may.status, may.output]).toEqual([0, expect.stringContaining('ci/{namespace}/**')])
    const mayNot = await explain(name!, 'ci/team-a/app', 'push', ...rest, claims('team-a/app'))
    expect([mayNot.status, mayNot.output]).toEqual([1, expect.stringContaining('"team-a/app" is no name')])
  })

  it.each([
    [['frodo', 'shire/app'], 'it takes a user, a repository and an action'],
    [['frodo', 'shire/app', 'eat'], 'an action is one of pull, push, delete'],
    [['x', 'shire/app', 'pull', '--issuer', 'nobody'], 'there is no issuer "nobody"'],
    [['x', 'shire/app', 'pull', '--issuer', 'kubernetes', '--claims', '['], 'claims must be a JSON object'],
  ])('is not explained for %j', async (args, reason) => {
    const { output, status } = await explain(...args)
    expect([status, output]).toEqual([2, expect.stringContaining(reason)])
  })
})

describe('the policy of the documentation', () => {
  it('means what it says there', async () => {
    const text = await readFile(join(repository, 'docs/access.md'), 'utf8')
    const [, documented = ''] = /```yaml\n(groups:.*?)```/s.exec(text) ?? []
    const [, example = ''] = /```console\n(\$ berth access explain alice .*?)\n\n/s.exec(text) ?? []
    const config = join(folder, 'documented.yml')
    const path = join(folder, 'documented-policy.yml')
    await writeFile(path, documented)
    const issuer = { name: 'kubernetes', issuer: provider.origin, audience: 'registry' }
    const berth = { service: 'registry', policy: path, issuers: [issuer] }
    await writeFile(config, JSON.stringify({ version: 0.1, storage: { inmemory: {} }, auth: { berth } }))
    const [commandLine = '', ...answer] = example.split('\n')
    const { output } = await command(config, ...commandLine.split(' ').slice(2))
    expect(output.trimEnd().split('\n')).toEqual(answer)
  })
})

describe('the token server', () => {
  it('says clearly that one address asks for too many tokens', async () => {
    const ask = () =>
      fetch(`http://${berth.host}/token`, { headers: { Authorization: basic(frodo) } }).then(async (answer) => ({
        status: answer.status,
        retryAfter: Number(answer.headers.get('retry-after')),
        text: await answer.text(),
      }))
    const answers = await Promise.all(Array.from({ length: 100 }, ask))
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited.length).toBeGreaterThan(40)
    expect(limited.every(({ retryAfter }) => retryAfter >= 1)).toBe(true)
    expect(limited[0]?.text).toContain('TOOMANYREQUESTS')
  })
})
