import type { TokenServer } from '@berth/access'
import type { Handler } from '../exchange/exchange.ts'
import { respondJson } from '../exchange/respond.ts'

/** The public keys of tokens. @see RFC 7517 */
export function getTokenKeys({ tokens }: { readonly tokens: TokenServer }): Handler {
  return async (exchange) => respondJson(exchange, 200, `${tokens.keySet()}\n`, ['Cache-Control', 'max-age=60'])
}
