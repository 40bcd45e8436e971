import type { Access } from './access.ts'
import { formatScopes } from './scope.ts'

/** What a client is told of how to be granted something. */
export type Challenge = BasicChallenge | BearerChallenge

export interface BasicChallenge {
  readonly scheme: 'Basic'
  readonly realm: string
}

export interface BearerChallenge {
  readonly scheme: 'Bearer'
  /** The URL of the token server. */
  readonly realm: string
  readonly service: string
  /** What the token must be for. */
  readonly accesses: readonly Access[]
  readonly error?: 'invalid_token' | 'insufficient_scope'
}

/**
 * The value of a `WWW-Authenticate` header. Text beyond ASCII is UTF-8, as Distribution sends it: each character of the
 * value is one byte, since Node writes headers as Latin-1.
 *
 * RFC 9110, section 11.6.1, and RFC 6750, section 3
 */
export function formatChallenge(challenge: Challenge): string {
  if (challenge.scheme === 'Basic') return `Basic realm=${quoted(challenge.realm)}`
  const { realm, service, accesses, error } = challenge
  let text = `Bearer realm=${quoted(realm)},service=${quoted(service)}`
  if (accesses.length > 0) text += `,scope=${quoted(formatScopes(accesses))}`
  if (error !== undefined) text += `,error=${quoted(error)}`
  return text
}

function quoted(text: string): string {
  const bytes = /^[\x20-\x7e]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
  return `"${bytes.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
