import { makeSigningKey, type SigningKey } from './signing-key.ts'

export interface KeyRotation {
  /** How long a key signs, in seconds; 0: for ever. */
  readonly signs: number
  /** How long a key is published before it signs, so that everybody knows it by then. */
  readonly ahead: number
  /** How long a key that signs no more is trusted: what it signed last must run out first. */
  readonly trusted: number
}

/** Whether it is time for another key. @param now seconds since 1970 */
export function isRotationDue(keys: readonly SigningKey[], { signs, ahead }: KeyRotation, now: number): boolean {
  if (signs === 0) return false
  const newest = Math.max(...keys.filter(({ privateKey }) => privateKey).map(({ signsFrom }) => signsFrom))
  return newest + signs - ahead <= now
}

/** The keys with one more, which signs after a while; those that then sign no more are trusted for another. */
export function rotateKeys(keys: readonly SigningKey[], { ahead, trusted }: KeyRotation, now: number): SigningKey[] {
  const next = makeSigningKey(now + ahead)
  const until = next.signsFrom + trusted
  const others = keys
    .filter(({ trustedUntil }) => trustedUntil > now)
    .map((key) => ({ ...key, trustedUntil: Math.min(key.trustedUntil, until) }))
  return [next, ...others]
}

/** The key that signs now: of those that may, the one that began last. */
export function findSigningKey(keys: readonly SigningKey[], now: number): SigningKey | undefined {
  let found: SigningKey | undefined
  for (const key of keys) {
    if (key.privateKey === undefined || key.signsFrom > now || key.trustedUntil <= now) continue
    if (found === undefined || key.signsFrom > found.signsFrom) found = key
  }
  return found
}
