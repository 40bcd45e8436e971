import { hash, type KeyObject } from 'node:crypto'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** What libtrust calls a public key: of its SubjectPublicKeyInfo's SHA-256, 240 bits in groups of four letters. */
export function libtrustId(key: KeyObject): string {
  const digest = hash('sha256', key.export({ type: 'spki', format: 'der' }), 'buffer')
  const groups: string[] = []
  for (let at = 0; at < 30; at += 5) {
    let bits = BigInt(`0x${digest.toString('hex', at, at + 5)}`)
    let letters = ''
    for (let letter = 0; letter < 8; letter += 1, bits >>= 5n) letters = `${base32[Number(bits & 31n)]}${letters}`
    groups.push(letters.slice(0, 4), letters.slice(4))
  }
  return groups.join(':')
}
