import { hash } from 'node:crypto'
import { LruCache } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import type { LogIn, MarkedUsers } from '../../users.ts'
import { KeyedDigest } from '../keyed-digest.ts'
import type { LoginLimit } from '../login-limit.ts'
import { WatchedFile } from '../watched-file.ts'
import { findUnusableLines, isBcrypt, parseHtpasswd } from './parse-htpasswd.ts'
import { PasswordVerifier } from './password-verifier.ts'
import { provisionHtpasswd } from './provision-htpasswd.ts'

export interface HtpasswdUsersOptions {
  readonly path: string
  /** By which logins that fail are counted. */
  readonly limit: LoginLimit
  readonly log: Logger
  readonly verifier?: PasswordVerifier
}

/** The hash of each user: the same map for as long as the file is the same. */
interface UsersOfFile {
  readonly value: ReadonlyMap<string, string>
}

const accepted: LogIn = { outcome: 'accepted' }
const refused: LogIn = { outcome: 'refused' }
const tooMany: LogIn = { outcome: 'limited', retryAfterMs: 2000 }
/** Credentials that are remembered, of those that are right and of those that are not. */
const maxRemembered = 10_000
/** Maximum number of lines that one warning names. */
const maxNamedLines = 50
/** Maximum length of a user's name in a warning, in characters. */
const maxShownName = 100
/** A hash of nobody's, but for its cost. */
const nobody = 'abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234'
const defaultCost = '$2b$10$'

/**
 * The users of an htpasswd file, as it is now. What was verified is remembered by a digest, right or wrong, and for as
 * long as the file stays as it is; anything else is verified in a thread of its own.
 */
export class HtpasswdUsers implements MarkedUsers {
  readonly #file: UsersOfFile
  readonly #limit: LoginLimit
  readonly #verifier: PasswordVerifier
  readonly #digest = new KeyedDigest()
  // Apart, so that whoever guesses does not make those forgotten who know.
  readonly #right = new LruCache<string, true>({ maxWeight: maxRemembered })
  readonly #wrong = new LruCache<string, true>({ maxWeight: maxRemembered })
  readonly #pending = new Map<string, Promise<LogIn>>()
  #hashes: ReadonlyMap<string, string>
  #costs: readonly string[] = []

  private constructor(file: UsersOfFile, options: HtpasswdUsersOptions) {
    this.#file = file
    this.#limit = options.limit
    this.#verifier = options.verifier ?? new PasswordVerifier()
    this.#hashes = new Map()
  }

  /** Makes the file where there is none, if it can be made. @throws Error it cannot be read or understood */
  static open(options: HtpasswdUsersOptions): HtpasswdUsers {
    const { path, log } = options
    const parse = (text: string) => {
      const hashes = parseHtpasswd(text)
      warnOfUnusableLines(path, text, log)
      return hashes
    }
    const open = () => WatchedFile.open({ path, parse, log })
    try {
      return new HtpasswdUsers(open(), options)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      const line = provisionHtpasswd(path, log)
      return new HtpasswdUsers(line === undefined ? open() : { value: parseHtpasswd(line) }, options)
    }
  }

  get generation(): unknown {
    return this.#file.value
  }

  logIn(name: string, password: string, source: string): LogIn | Promise<LogIn> {
    this.#follow()
    // With its length, since a name may hold whatever comes between it and the password.
    const key = this.#digest.of(`${name.length}:${name}:${password}`)
    if (this.#right.get(key) !== undefined) return accepted
    if (this.#wrong.get(key) !== undefined) return refused
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    if (this.#verifier.isFull) return tooMany
    const retryAfterMs = this.#limit.begin(source, name)
    if (retryAfterMs !== undefined) return { outcome: 'limited', retryAfterMs }
    const verifying = this.#verify(name, password, key, source).finally(() => {
      if (this.#pending.get(key) === verifying) this.#pending.delete(key)
    })
    this.#pending.set(key, verifying)
    return verifying
  }

  markOf(name: string): string | undefined {
    const known = this.#file.value.get(name)
    return known !== undefined && isBcrypt(known) ? hash('sha256', known, 'base64url') : undefined
  }

  close(): Promise<void> {
    return this.#verifier.close()
  }

  /** Forgets everything where the file is not what it was. */
  #follow(): void {
    const hashes = this.#file.value
    if (hashes === this.#hashes) return
    this.#hashes = hashes
    this.#costs = [...hashes.values()].filter(isBcrypt).map((hash) => hash.slice(0, defaultCost.length))
    this.#right.clear()
    this.#wrong.clear()
    this.#pending.clear()
  }

  async #verify(name: string, password: string, key: string, source: string): Promise<LogIn> {
    const hashes = this.#hashes
    const known = hashes.get(name)
    const hash = known !== undefined && isBcrypt(known) ? known : undefined
    const isRight = (await this.#verifier.verify(password, hash ?? this.#hashOfNobody(name))) && hash !== undefined
    if (isRight) this.#limit.succeeded(source, name)
    this.#follow()
    // The file has changed meanwhile: what was right may be wrong now.
    if (hashes !== this.#hashes) return this.logIn(name, password, source)
    if (isRight) this.#right.set(key, true)
    else this.#wrong.set(key, true)
    return isRight ? accepted : refused
  }

  /** Takes as long as a user's does, and for one name always the same. */
  #hashOfNobody(name: string): string {
    const at = Buffer.from(this.#digest.of(name), 'base64').readUInt32BE() % (this.#costs.length || 1)
    return (this.#costs[at] ?? defaultCost) + nobody
  }
}

/** Names the lines with which nobody can log in, once for each content of the file. */
function warnOfUnusableLines(path: string, text: string, log: Logger): void {
  const unusable = findUnusableLines(text)
  if (unusable.length === 0) return
  const lines = unusable
    .slice(0, maxNamedLines)
    .map(({ line, user, reason }) => ({ line, user: user.slice(0, maxShownName), reason }))
  const more = unusable.length - lines.length
  log.warn(
    { path, lines, ...(more > 0 && { more }) },
    'htpasswd: lines with which nobody can log in (only bcrypt counts)',
  )
}
