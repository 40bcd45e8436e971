/**
 * Whether an `If-None-Match` names this digest: the client has it. Beyond RFC 9110, a digest without quotes counts: the
 * API was always used like that.
 */
export function namesDigest(ifNoneMatch: string, digest: string): boolean {
  for (const part of ifNoneMatch.split(',')) {
    let tag = part.trim()
    if (tag === '*') return true
    if (tag.startsWith('W/')) tag = tag.slice(2)
    if (tag.startsWith('"') && tag.endsWith('"')) tag = tag.slice(1, -1)
    if (tag === digest) return true
  }
  return false
}
