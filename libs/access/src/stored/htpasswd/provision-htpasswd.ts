import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '@berth/errors'
import { genSaltSync, hashSync } from 'bcryptjs'

const name = 'docker'
const cost = 10

/** Error codes of a place where nothing can be written: a read-only mount, another user's directory, a full disk. */
const unwritable = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT']

/** Whether a call failed because nothing can be written there. */
export function isUnwritable(error: unknown): boolean {
  return unwritable.includes(String((error as NodeJS.ErrnoException).code))
}

/**
 * Makes the file where there is none, with one user, whose password is logged: the one time that it is known.
 *
 * @returns the line of that user where the file cannot be made, so that the user ends with the process
 */
export function provisionHtpasswd(path: string, log: Logger): string | undefined {
  const password = randomBytes(32).toString('base64url')
  // As Distribution names it; of passwords of this length, both names mean the same.
  const salt = genSaltSync(cost).replace('$2b$', '$2a$')
  const line = `${name}:${hashSync(password, salt)}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, line, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    if (!isUnwritable(error)) throw error
    // A full disk may have taken the name, and not the line.
    if (['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code))) rmSync(path, { force: true })
    log.warn(
      { user: name, password, path },
      'htpasswd is missing and cannot be created: the default user exists only until this process ends',
    )
    return line
  }
  log.warn({ user: name, password }, 'htpasswd is missing, provisioning with default user')
  return undefined
}
