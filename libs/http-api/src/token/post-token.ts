import { parseScopes, type Scope, type TokenCredentials, type TokenServer } from '@berth/access'
import { collect } from '@berth/bytes'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import { answerTokens, requestToken, tokenMembers, TokenRequestError } from './token-answer.ts'

const maxFormBytes = 64 * 1024

/** Gives a token, as OAuth2 has it. @see Docker Registry token authentication, "OAuth2 Token", and RFC 6749 */
export function postToken({ tokens }: { readonly tokens: TokenServer }): Handler {
  return (exchange) =>
    answerTokens(exchange, async () => {
      const form = await formOf(exchange)
      const issued = await requestToken(exchange, tokens, {
        credentials: credentialsOf(form),
        service: form.get('service') || undefined,
        scopes: parseScopes(form.get('scope') ?? ''),
        wantsRefresh: form.get('access_type') === 'offline',
      })
      return {
        access_token: issued.token,
        token_type: 'Bearer',
        scope: formatGranted(issued.scopes),
        ...(form.get('grant_type') === tokenExchange && { issued_token_type: accessToken }),
        ...tokenMembers(issued),
      }
    })
}

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

function formatGranted(scopes: readonly Scope[]): string {
  return scopes.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')
}

function credentialsOf(form: URLSearchParams): TokenCredentials {
  const grant: string = required(form, 'grant_type')
  switch (grant) {
    case 'password':
      return { kind: 'password', name: required(form, 'username'), password: required(form, 'password') }
    case 'refresh_token':
      return { kind: 'refresh', token: required(form, 'refresh_token') }
    case tokenExchange:
      // RFC 8693
      return { kind: 'identity', token: required(form, 'subject_token') }
    default:
      throw new TokenRequestError('unsupported_grant_type', 'grant_type is password, refresh_token or token-exchange')
  }
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null || value === '') throw new TokenRequestError('invalid_request', `${name} is missing`)
  return value
}

async function formOf(exchange: Exchange): Promise<URLSearchParams> {
  const type = exchange.request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded')
    throw new TokenRequestError('invalid_request', 'the body must be application/x-www-form-urlencoded')
  const body = await collect(exchange.body(), maxFormBytes)
  return new URLSearchParams(Buffer.from(body).toString('utf8'))
}
