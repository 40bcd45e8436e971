import type { IncomingHttpHeaders } from 'node:http'
import { formEncode } from './form-encode.ts'
import { clientOf } from '../client/client-of.ts'
import { parseForwarded } from '../client/forwarded.ts'
import type { HttpApiSettings } from '../settings.ts'
import { trustedPeers } from '../client/trusted-proxies.ts'

/** What a request tells of where it was sent to. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders
  readonly socket: {
    readonly remoteAddress?: string | undefined
    /** Whether it came over TLS. */
    readonly encrypted?: boolean
  }
}

type Scheme = 'http' | 'https'

/** Makes the URLs of `Location` headers, and knows whom requests come from. */
export class Urls {
  readonly #base: string
  readonly #isAbsolute: boolean
  readonly #host: string | undefined
  readonly #isTrusted: (address: string | undefined) => boolean

  constructor(settings: Pick<HttpApiSettings, 'prefix' | 'host' | 'relativeUrls' | 'trustedProxies'>) {
    this.#base = `${settings.prefix}v2/`
    this.#host = settings.host?.replace(/\/$/, '')
    this.#isAbsolute = settings.host !== undefined || !settings.relativeUrls
    this.#isTrusted = trustedPeers(settings.trustedProxies)
  }

  /** @param path below `/v2/`, already encoded */
  url(request: Arrival, path: string, query?: Readonly<Record<string, string>>): string {
    const url = query === undefined ? `${this.#base}${path}` : `${this.#base}${path}?${formEncode(query)}`
    return this.#isAbsolute ? this.#absolute(request, url) : url
  }

  /** The absolute URL of `/v2/`, whatever the configuration says of `Location` headers. */
  baseUrl(request: Arrival): string {
    return this.#absolute(request, this.#base)
  }

  /**
   * What the client knows this server as: its proxies say so, where they are believed, or the request itself. What is
   * sent is repeated only if it can be a part of a URL. The scheme is what proxies say; where none does, none is known.
   */
  arrivalOf({ headers, socket }: Arrival): { readonly host: string | undefined; readonly scheme: Scheme | undefined } {
    let proto: string | undefined
    let host: string | undefined
    if (this.#isTrusted(socket.remoteAddress)) {
      const { forwarded } = headers
      if (typeof forwarded === 'string' && forwarded !== '') {
        const pairs = parseForwarded(forwarded)
        proto = pairs?.get('proto')
        host = pairs?.get('host')
      } else {
        proto = firstOf(headers['x-forwarded-proto'])
        host = firstOf(headers['x-forwarded-host'])
      }
    }
    return { host: hostOf(host) ?? hostOf(headers.host), scheme: schemeOf(proto) }
  }

  /** The address of the client. See `clientOf`. */
  clientOf(request: Arrival): string {
    return clientOf(request, this.#isTrusted)
  }

  #absolute(request: Arrival, url: string): string {
    return `${this.#host ?? this.#origin(request)}${url}`
  }

  /** Where nobody says what it is, URLs are paths. */
  #origin(request: Arrival): string {
    const { host, scheme = request.socket.encrypted === true ? 'https' : 'http' } = this.arrivalOf(request)
    return host === undefined ? '' : `${scheme}://${host}`
  }
}

function hostOf(text: string | undefined): string | undefined {
  return text !== undefined && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text) ? text : undefined
}

function schemeOf(text: string | undefined): Scheme | undefined {
  const scheme = text?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',', 1)[0]?.trim() || undefined
}
