import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '@berth/errors'
import { genSaltSync, hashSync } from 'bcryptjs'

const name = 'docker'
const cost = 10

/** Makes the file where there is none, with one user, whose password is logged: the one time that it is known. */
export function provisionHtpasswd(path: string, log: Logger): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const password = randomBytes(32).toString('base64url')
  // As Distribution names it; of passwords of this length, both names mean the same.
  const salt = genSaltSync(cost).replace('$2b$', '$2a$')
  try {
    writeFileSync(path, `${name}:${hashSync(password, salt)}`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  log.warn({ user: name, password }, 'htpasswd is missing, provisioning with default user')
}
