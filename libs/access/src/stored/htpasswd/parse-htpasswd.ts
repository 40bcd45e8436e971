/** A line of an htpasswd file with which nobody can log in. */
export interface UnusableLine {
  /** Number of the line; the first is 1. */
  readonly line: number
  readonly user: string
  /** The kind of the hash, or what is wrong with it. It has no part of the hash, which may be a password in the clear. */
  readonly reason: string
}

interface Entry {
  readonly line: number
  readonly user: string
  readonly hash: string
}

/**
 * The users of an htpasswd file, each with the hash of a password. If a user is named twice, the last line counts.
 *
 * @throws Error a line has no colon; the error names its number alone, since the line may hold a password
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  return new Map(entriesOf(text).map(({ user, hash }) => [user, hash]))
}

/** Finds the lines with which nobody can log in. @throws Error as `parseHtpasswd` */
export function findUnusableLines(text: string): readonly UnusableLine[] {
  const entries = entriesOf(text)
  const lastLines = new Map(entries.map(({ user, line }) => [user, line]))
  return entries.flatMap(({ line, user, hash }) => {
    const last = lastLines.get(user)
    const reason = last === line ? whyUnusable(hash) : `line ${last} is about the same user`
    return reason === undefined ? [] : [{ line, user, reason }]
  })
}

/** Whether passwords are compared with the hash: bcrypt is the only kind. */
export function isBcrypt(hash: string): boolean {
  return /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(hash)
}

/** A line is `name:hash`; as for Apache, a further colon begins a comment. */
function entriesOf(text: string): readonly Entry[] {
  const entries: Entry[] = []
  for (const [index, whole] of text.split('\n').entries()) {
    const entry = whole.trim()
    if (entry === '' || entry.startsWith('#')) continue
    const [user = '', hash] = entry.split(':', 2)
    if (hash === undefined) throw new Error(`htpasswd: invalid entry at line ${index + 1}`)
    entries.push({ line: index + 1, user, hash })
  }
  return entries
}

const kinds: readonly (readonly [form: RegExp, reason: string])[] = [
  [/^$/, 'no hash'],
  [/^\s|\s$/, 'blanks around the hash'],
  [/^\$apr1\$|^\$1\$/, 'MD5'],
  [/^\{SHA\}/i, 'SHA-1'],
  [/^\{\w+\}/, 'a hash of LDAP'],
  [/^\$5\$/, 'SHA-256 crypt'],
  [/^\$6\$/, 'SHA-512 crypt'],
  [/^\$g?y\$/, 'yescrypt'],
  [/^\$argon2/, 'Argon2'],
  [/^\$2\w?\$/, 'an incomplete or invalid bcrypt hash'],
  [/^[./A-Za-z0-9]{13}$/, 'DES crypt or plain text'],
]

function whyUnusable(hash: string): string | undefined {
  if (isBcrypt(hash)) return undefined
  return kinds.find(([form]) => form.test(hash))?.[1] ?? 'plain text or an unknown hash'
}
