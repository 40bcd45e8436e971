import { parseBasic, parseScopes, type TokenServer } from '@berth/access'
import type { Handler } from '../exchange/exchange.ts'
import { answerTokens, credentialsRefused, requestToken, tokenMembers } from './token-answer.ts'

/**
 * Gives a token; one for nobody in particular where there are no credentials.
 *
 * @see Docker Registry token authentication, "Requesting a Token"
 */
export function getToken({ tokens }: { readonly tokens: TokenServer }): Handler {
  return (exchange) =>
    answerTokens(exchange, async () => {
      const { query, request } = exchange
      const { authorization } = request.headers
      const basic = parseBasic(authorization)
      if (authorization !== undefined && basic === undefined) throw credentialsRefused(exchange, tokens)
      const issued = await requestToken(exchange, tokens, {
        credentials: basic === undefined ? { kind: 'none' } : { kind: 'password', ...basic },
        service: query.get('service') || undefined,
        scopes: query.getAll('scope').flatMap(parseScopes),
        wantsRefresh: query.get('offline_token') === 'true',
      })
      // Both names mean the same; clients look for either.
      return { token: issued.token, access_token: issued.token, ...tokenMembers(issued) }
    })
}
