import type { EventRequest, RequestFacts } from '@berth/events'
import type { RequestExchange } from '../exchange/request-exchange.ts'

/** What events tell of an exchange's request. Nothing is made before an event needs it. */
export class ExchangeFacts implements RequestFacts {
  readonly #exchange: RequestExchange

  constructor(exchange: RequestExchange) {
    this.#exchange = exchange
  }

  get request(): EventRequest {
    const { id, clientAddress, request } = this.#exchange
    const { host, 'user-agent': useragent } = request.headers
    return {
      id,
      addr: clientAddress,
      ...(host !== undefined && { host }),
      method: request.method,
      ...(useragent !== undefined && { useragent }),
    }
  }

  /** Where nobody has to log in, the user of Basic credentials is believed, as in CNCF Distribution. */
  get actor(): string | undefined {
    const { identity, request } = this.#exchange
    if (identity !== undefined) return identity.name
    const basic = /^Basic +([\w+/=-]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    return basic === undefined ? undefined : Buffer.from(basic, 'base64').toString().split(':', 1)[0] || undefined
  }

  get baseUrl(): string {
    return this.#exchange.baseUrl
  }
}
