import type { Access, AccessRequest } from '@berth/access'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { Urls } from '../urls/urls.ts'

/** What a request asks for, and all that may matter to whoever decides about it, made when that is asked for. */
export class AskedAccess implements AccessRequest {
  readonly accesses: readonly Access[]
  readonly #exchange: RequestExchange
  readonly #urls: Urls

  constructor(exchange: RequestExchange, urls: Urls, accesses: readonly Access[]) {
    this.#exchange = exchange
    this.#urls = urls
    this.accesses = accesses
  }

  get authorization(): string | undefined {
    return this.#exchange.request.headers.authorization
  }

  get source(): string {
    return this.#exchange.clientAddress
  }

  get connection(): object {
    return this.#exchange.request.socket
  }

  get host(): string | undefined {
    return this.#urls.arrivalOf(this.#exchange.request).host
  }

  get scheme(): 'http' | 'https' | undefined {
    return this.#urls.arrivalOf(this.#exchange.request).scheme
  }
}
