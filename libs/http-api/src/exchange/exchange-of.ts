import type { ServerResponse } from 'node:http'
import type { RequestExchange } from './request-exchange.ts'

/** Where Express lets an application keep what belongs to one request. */
interface WithLocals {
  readonly locals?: { exchange?: RequestExchange }
}

/** The exchange that a response belongs to; none where Node itself answers. */
export function exchangeOf(response: ServerResponse & WithLocals): RequestExchange | undefined {
  return response.locals?.exchange
}

export function attachExchange(response: ServerResponse & WithLocals, exchange: RequestExchange): void {
  if (response.locals !== undefined) response.locals.exchange = exchange
}
