import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeAccessController } from '../../suite/describe-access-controller.ts'
import { describeUsers } from '../../suite/describe-users.ts'
import { LoginLimit } from '../login-limit.ts'
import { keptLog, temporaryDirectory } from '../test-files.ts'
import { HtpasswdUsers } from './htpasswd-users.ts'
import { PasswordAccess } from './password-access.ts'
import { PasswordVerifier } from './password-verifier.ts'

const source = '192.0.2.1'
const noFile = 'none'
const bob = `bob:${hashSync('secret: π', 4)}`

/** Verifies as it should, and keeps what it was asked. */
class KeepingVerifier extends PasswordVerifier {
  readonly hashes: string[] = []

  override verify(password: string, hash: string): Promise<boolean> {
    this.hashes.push(hash)
    return super.verify(password, hash)
  }
}

async function opened(text = bob, failuresPerMinute = 10) {
  const limit = new LoginLimit({ failuresPerMinute })
  const path = join(await temporaryDirectory(onTestFinished), 'new', 'htpasswd')
  const log = keptLog()
  if (text !== noFile) {
    HtpasswdUsers.open({ path, limit, log: keptLog() })
    await writeFile(path, text)
  }
  const verifier = new KeepingVerifier()
  const users = HtpasswdUsers.open({ path, limit, log, verifier })
  return { users, path, log, verifier, close: () => users.close() }
}

async function used(text?: string, failuresPerMinute?: number) {
  const all = await opened(text, failuresPerMinute)
  onTestFinished(all.close)
  const outcome = async (name: string, password: string) => (await all.users.logIn(name, password, source)).outcome
  return { ...all, outcome }
}

describeUsers('of an htpasswd file', opened)

describeAccessController('passwords', async () => {
  const { users, close } = await opened()
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const controller = new PasswordAccess({ users, realm: 'test' })
  return { controller, right: basic('bob:secret: π'), wrong: basic('bob:secret'), close }
})

it('who is no user any more is denied on the same connection, too', async () => {
  const { users, path } = await used()
  const controller = new PasswordAccess({ users, realm: 'test' })
  const authorization = `Basic ${Buffer.from('bob:secret: π').toString('base64')}`
  const asked = { authorization, accesses: [], source, host: undefined, scheme: undefined, connection: {} }
  for (let time = 0; time < 3; time++) expect(await controller.decide(asked)).toMatchObject({ outcome: 'granted' })
  await writeFile(path, `bob:${hashSync('another', 4)}`)
  expect(await controller.decide(asked)).toMatchObject({ outcome: 'denied' })
})

describe('the users of an htpasswd file', () => {
  it('are those that Distribution knows', async () => {
    const { outcome } = await used(
      [
        'bilbo:{SHA}5siv5c0SHx681xU6GiSx9ZQryqs=',
        'frodo:$2y$05$926C3y10Quzn/LnqQH86VOEVh/18T6RnLaS.khre96jLNL/7e.K5W',
        'MiShil:$2y$05$0oHgwMehvoe8iAWS8I.7l.KoECXrwVaC16RPfaSCU5eVTFrATuMI2',
        'DeokMan:공주님',
      ].join('\n'),
    )
    expect(await outcome('bilbo', 'baggins')).toBe('refused')
    expect(await outcome('frodo', 'baggins')).toBe('accepted')
    expect(await outcome('MiShil', '새주')).toBe('accepted')
    expect(await outcome('DeokMan', '공주님')).toBe('refused')
  })

  it('log in although a comment follows the hash', async () => {
    const { outcome } = await used(`bob:${hashSync('secret', 4)}:Bob, of team b`)
    expect(await outcome('bob', 'secret')).toBe('accepted')
    expect(await outcome('bob', 'wrong')).toBe('refused')
  })

  it('are named in the log if they can never log in, again only when the file changes', async () => {
    const { log, outcome, path } = await used(`bilbo:{SHA}x\n${bob}`)
    const warnings = () => log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)
    await outcome('bob', 'secret: π')
    expect(warnings()).toEqual([{ path, lines: [{ line: 1, user: 'bilbo', reason: 'SHA-1' }] }])
    const many = Array.from({ length: 60 }, (_, index) => `u${index}:hunter2`)
    await writeFile(path, [bob, ...many].join('\n'))
    await outcome('bob', 'secret: π')
    expect(warnings()).toHaveLength(2)
    expect(warnings()[1]).toMatchObject({ more: 10, lines: expect.objectContaining({ length: 50 }) })
    expect(JSON.stringify(log.lines)).not.toContain('hunter2')
  })

  it('are as the file has them, as soon as it has them', async () => {
    const { outcome, path } = await used()
    expect(await outcome('bob', 'secret: π')).toBe('accepted')
    expect(await outcome('bob', 'new')).toBe('refused')
    await writeFile(path, `bob:${hashSync('new', 4)}`)
    expect(await outcome('bob', 'secret: π')).toBe('refused')
    expect(await outcome('bob', 'new')).toBe('accepted')
    await writeFile(path, '# nobody')
    expect(await outcome('bob', 'new')).toBe('refused')
  })

  it('are not let in by a password that is changed while it is verified', async () => {
    const { path, users } = await used()
    const logIn = users.logIn('bob', 'secret: π', source)
    await writeFile(path, `bob:${hashSync('new', 4)}`)
    expect(await logIn).toEqual({ outcome: 'refused' })
  })

  it('stay as they were where the file is broken, and nobody is let in where it is gone', async () => {
    const { log, outcome, path } = await used()
    expect(await outcome('bob', 'secret: π')).toBe('accepted')
    await writeFile(path, 'a line that is no entry and has a password')
    expect(await outcome('bob', 'secret: π')).toBe('accepted')
    await rm(path)
    await expect(outcome('bob', 'secret: π')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2)
    expect(JSON.stringify(log.lines)).not.toContain('password')
  })

  it('are looked at as long where there is no such user, whatever their hashes cost', async () => {
    const { outcome, verifier } = await used(`a:${hashSync('x', 4)}\nb:${hashSync('x', 5)}\nc:{SHA}x`, 0)
    for (const name of ['c', ...Array.from({ length: 40 }, (_, index) => `nobody ${index}`)])
      expect(await outcome(name, 'x')).toBe('refused')
    const costs = verifier.hashes.map((hash) => hash.slice(0, 7))
    expect(costs).toHaveLength(41)
    expect(new Set(costs)).toEqual(new Set(['$2b$04$', '$2b$05$']))
    await outcome('nobody 1', 'y')
    expect(verifier.hashes.at(-1)).toBe(verifier.hashes[2])
  })

  it('are verified once for each password, right or wrong', async () => {
    const { outcome, verifier } = await used()
    for (let time = 0; time < 5; time++) await Promise.all([outcome('bob', 'secret: π'), outcome('bob', 'wrong')])
    expect(verifier.hashes).toHaveLength(2)
  })

  it('are one, with a password that is told once, where there is no file', async () => {
    const { log, outcome, path } = await used(noFile)
    expect(await readFile(path, 'utf8')).toMatch(/^docker:\$2a\$10\$[./\w]{53}$/)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { user: 'docker' } }])
    const { password = '' } = { ...log.lines[0]?.fields } as { readonly password?: string }
    expect(password).toMatch(/^[\w-]{43}$/)
    expect(await outcome('docker', password)).toBe('accepted')
  })

  it('are one that ends with the process, where there is no file and none can be made', async () => {
    const log = keptLog()
    const limit = new LoginLimit({ failuresPerMinute: 0 })
    // Nobody makes files in there, whoever runs the test.
    const users = HtpasswdUsers.open({ path: '/sys/berth-htpasswd', limit, log })
    onTestFinished(() => users.close())
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { user: 'docker', path: '/sys/berth-htpasswd' } }])
    const { password = '' } = { ...log.lines[0]?.fields } as { readonly password?: string }
    expect(await users.logIn('docker', password, 'here')).toMatchObject({ outcome: 'accepted' })
    expect(await users.logIn('docker', 'guessed', 'here')).toMatchObject({ outcome: 'refused' })
  })

  it('are none where the file is empty', async () => {
    const { outcome, path } = await used('')
    expect(await outcome('docker', '')).toBe('refused')
    expect(await readFile(path, 'utf8')).toBe('')
  })
})
