/**
 * The pairs of a `Forwarded` header's first element, their keys in lower case: what the first proxy saw. `undefined`
 * where it is malformed. More is let pass than RFC 7239 allows: any characters in keys and values without quotes,
 * spaces around them, one semicolon at the end.
 *
 * @see RFC 7239, section 4
 */
export function parseForwarded(header: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>()
  // No two repetitions of white space are next to each other: that would take quadratic time.
  const pattern = /\s*(?:([^\s=;,"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))\s*)?([;,]|$)/y
  for (;;) {
    const match = pattern.exec(header)
    if (match === null) return undefined
    const [, key, quoted, plain, end] = match
    if (key === undefined) return end === ';' ? undefined : pairs
    const name = key.toLowerCase()
    if (pairs.has(name)) return undefined
    pairs.set(name, plain ?? (quoted as string).replaceAll(/\\(.)/g, '$1'))
    if (end !== ';') return pairs
  }
}
