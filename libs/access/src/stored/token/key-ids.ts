import { createHash, type KeyObject } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** libtrust's fingerprint of a public key, by which Distribution 2.8 knows keys: twelve groups of four letters. */
export function libtrustId(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' })
  const digest = createHash('sha256').update(der).digest().subarray(0, 30)
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of digest) {
    held = (held << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return (text.match(/.{4}/g) ?? []).join(':')
}

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
