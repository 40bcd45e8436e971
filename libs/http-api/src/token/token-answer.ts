import { type IssuedToken, type TokenRequest, type TokenServer, unauthorized } from '@berth/access'
import { formatChallenge } from '@berth/access'
import { RegistryError } from '@berth/errors'
import type { Exchange } from '../exchange/exchange.ts'
import { respondJson } from '../exchange/respond.ts'

/** What one token can be for; nobody asks for that much who means it. */
const maxScopes = 100

/** A request that is not made as it should be. @see RFC 6749, section 5.2 */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError'
  readonly code: string

  constructor(code: 'invalid_request' | 'unsupported_grant_type', description: string) {
    super(description)
    this.code = code
  }
}

/**
 * @throws RegistryError UNAUTHORIZED: the credentials are worth nothing
 * @throws RegistryError TOOMANYREQUESTS
 * @throws TokenRequestError it asks for what there is not
 */
export async function requestToken(
  exchange: Exchange,
  tokens: TokenServer,
  request: Omit<TokenRequest, 'source'>,
): Promise<IssuedToken> {
  if (request.scopes.length > maxScopes)
    throw new TokenRequestError('invalid_request', `a token is for ${maxScopes} scopes at most`)
  const answer = await tokens.issue({ ...request, source: exchange.clientAddress })
  switch (answer.outcome) {
    case 'issued':
      exchange.note({ user: answer.name.slice(0, 256) })
      return answer
    case 'limited':
      throw new RegistryError('TOOMANYREQUESTS', { retryAfterMs: answer.retryAfterMs })
    case 'refused':
      if (answer.reason === 'service')
        throw new TokenRequestError('invalid_request', `this server gives tokens for ${tokens.realm} alone`)
      throw credentialsRefused(exchange, tokens)
  }
}

/** Whoever asks may try others: this says how they are sent. */
export function credentialsRefused(exchange: Exchange, { realm }: TokenServer): RegistryError {
  exchange.response.setHeader('WWW-Authenticate', formatChallenge({ scheme: 'Basic', realm }))
  return unauthorized([])
}

/** Does what answers a request, and says what is wrong with those that are not made as they should be. */
export async function answerTokens(exchange: Exchange, work: () => Promise<object>): Promise<void> {
  // MUST be on whatever has a token in it: RFC 6749, section 5.1.
  const headers = ['Cache-Control', 'no-store']
  try {
    respondJson(exchange, 200, `${JSON.stringify(await work())}\n`, headers)
  } catch (error) {
    if (!(error instanceof TokenRequestError)) throw error
    exchange.note({ error: error.message })
    const body = { error: error.code, error_description: error.message }
    respondJson(exchange, 400, `${JSON.stringify(body)}\n`, headers)
  }
}

/** What is in every answer. */
export function tokenMembers({ expiresInSeconds, issuedAtMs, refreshToken }: IssuedToken): object {
  return {
    expires_in: expiresInSeconds,
    issued_at: new Date(issuedAtMs).toISOString(),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }
}
