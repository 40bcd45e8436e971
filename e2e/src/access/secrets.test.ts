import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import type { Settings } from '../configuration.ts'
import { Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { isRunning } from '../split.ts'
import { basic, frodo, writeUsers } from './htpasswd.ts'
import { TokenAuthority } from './token-authority.ts'

let folder: string
let berth: RegistryProcess | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-secrets-'))
})
afterEach(async () => {
  if (berth !== undefined && (await isRunning(berth.pid))) await berth.stop()
  await rm(folder, { recursive: true, force: true })
})

const httpSecret = 'the-secret-of-upload-tokens'
const wrongPassword = 'a-password-that-is-wrong'
const mistyped = 'a-password-where-the-name-belongs'
const paths = [
  '/v2/',
  '/v2/_catalog',
  '/v2/team/app/manifests/v1',
  '/v2/team/app/blobs/uploads/',
  '/v2/NO/NAME/tags/list',
]

/** Berth that tells as much as it can, and all that it tells: lines, answers, metrics, and what the system shows of it. */
async function tellAll(settings: Settings, headers: readonly string[]): Promise<string> {
  const debug = await freePort()
  const log = { level: 'debug', accesslog: { disabled: false } }
  const http = { secret: httpSecret, debug: { addr: `127.0.0.1:${debug}`, prometheus: { enabled: true } } }
  berth = await startBerth({ folder, settings: { ...settings, log, http }, topology: 'all-in-one' })
  const told: string[] = []
  const tell = async (wire: Wire, method: string, path: string, authorization?: string): Promise<void> => {
    const answer = await wire.send(method, path, { headers: authorization === undefined ? {} : { authorization } })
    told.push(JSON.stringify(answer.headers), answer.body.toString())
  }
  const wire = new Wire(berth.host, {})
  const inside = new Wire(`127.0.0.1:${debug}`, {})
  for (const authorization of [undefined, ...headers])
    for (const path of paths)
      for (const method of ['GET', 'POST', 'DELETE']) await tell(wire, method, path, authorization)
  for (const path of ['/metrics', '/debug/health', '/debug/vars', '/livez', '/readyz', '/'])
    await tell(inside, 'GET', path)
  for (const file of ['cmdline', 'comm', 'environ']) told.push(await readFile(`/proc/${berth.pid}/${file}`, 'latin1'))
  wire.close()
  inside.close()
  await berth.stop()
  return [...told, berth.output()].join('\n')
}

/** In whatever form somebody may have written them. */
function found(told: string, secrets: readonly string[]): readonly string[] {
  const forms = (secret: string) => [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
  return secrets.filter((secret) => forms(secret).some((form) => told.includes(form)))
}

describe('nothing that Berth tells', () => {
  it('has a password in it, right or wrong', async () => {
    const hashes = [...(await usersIn(folder))]
    const headers = [
      basic(frodo),
      basic({ ...frodo, password: wrongPassword }),
      basic({ name: mistyped, password: 'x' }),
      `Bearer ${wrongPassword}`,
      `Basic ${wrongPassword}`,
    ]
    const told = await tellAll(await writeUsers(folder), headers)
    expect(told).toContain('access denied')
    expect(found(told, [frodo.password, wrongPassword, mistyped, httpSecret, ...headers, ...hashes])).toEqual([])
  })

  it('has a token in it, good or bad', async () => {
    const authority = await TokenAuthority.make(folder)
    const stranger = await TokenAuthority.make(folder, 'stranger')
    const grants = [{ name: 'team/app', actions: ['pull', 'push'] }]
    const good = authority.token(grants)
    const tokens = [good, authority.token(grants, { exp: 1 }), stranger.token(grants), `${good}x`, 'not-a-token-at-all']
    const headers = [
      ...tokens.map((token) => `Bearer ${token}`),
      ...tokens.map((password) => basic({ name: 'bob', password })),
    ]
    const told = await tellAll(authority.settings(), headers)
    expect(told).toContain('access denied')
    const parts = tokens.flatMap((token) => token.split('.')).filter((part) => part.length > 20)
    expect(found(told, [...tokens, ...parts, httpSecret])).toEqual([])
  })

  it('has a line of a broken file of users in it', async () => {
    const settings = await writeUsers(folder)
    const file = join(folder, 'htpasswd')
    const line = `frodo ${wrongPassword}`
    await writeFile(file, line)
    const failure = await startBerth({ folder, settings, topology: 'all-in-one' }).then(
      () => 'started',
      (error: Error) => error.message,
    )
    expect(failure).toContain(`auth.htpasswd.path: ${file} cannot be used: htpasswd: invalid entry at line 1`)
    expect(found(failure, [line, wrongPassword])).toEqual([])
  })
})

async function usersIn(directory: string): Promise<readonly string[]> {
  await writeUsers(directory)
  const text = await readFile(join(directory, 'htpasswd'), 'utf8')
  return text.split('\n').flatMap((each) => each.split(':')[1] ?? [])
}
