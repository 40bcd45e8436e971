import type { Handler } from '../exchange/exchange.ts'
import { respondJson } from '../exchange/respond.ts'

/** Tells that this is a registry. @see OCI distribution-spec, "Determining Support" */
export function getBase(): Handler {
  return async (exchange) => respondJson(exchange, 200, '{}')
}
