/**
 * The users of an htpasswd file, each with the hash of a password: of users that are named twice, the last.
 *
 * @throws Error a line is no entry; it is named by its number alone, since it may hold a password
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim()
    if (entry === '' || entry.startsWith('#')) continue
    const colon = entry.indexOf(':')
    if (colon < 0) throw new Error(`htpasswd: invalid entry at line ${index + 1}`)
    hashes.set(entry.slice(0, colon), entry.slice(colon + 1))
  }
  return hashes
}

/** Whether it is a hash that passwords are compared with: bcrypt is the only kind. */
export function isBcrypt(hash: string): boolean {
  return /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(hash)
}
