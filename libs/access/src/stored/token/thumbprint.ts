import { createHash, type KeyObject } from 'node:crypto'

/** The members that make a key what it is, in the order that its thumbprint has them. */
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The thumbprint of a public key, by which Distribution 3 knows keys. @see RFC 7638 */
export function thumbprint(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>
  const named = members[String(jwk['kty'])]?.map((member) => [member, jwk[member]])
  if (named === undefined) throw new TypeError(`keys of type ${String(jwk['kty'])} have no thumbprint`)
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(named)))
    .digest('base64url')
}
