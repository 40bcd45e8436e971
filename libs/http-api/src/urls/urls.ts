import type { IncomingHttpHeaders } from 'node:http'
import { formEncode } from './form-encode.ts'
import { parseForwarded } from './forwarded.ts'
import type { HttpApiSettings } from '../settings.ts'
import { trustedPeers } from './trusted-proxies.ts'

/** What a request tells of where it was sent to. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders
  readonly socket: {
    readonly remoteAddress?: string | undefined
    /** Whether it came over TLS. */
    readonly encrypted?: boolean
  }
}

/** Makes the URLs of `Location` headers. */
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
    return this.#isAbsolute ? `${this.#host ?? this.#origin(request)}${url}` : url
  }

  /**
   * What the client knows this server as: its proxies say so, where they are believed, or the request itself. Where
   * nobody does, URLs are paths: what is sent is repeated only if it can be a part of a URL.
   */
  #origin(request: Arrival): string {
    const { headers, socket } = request
    const own = socket.encrypted === true ? 'https' : 'http'
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
    const known = hostOf(host) ?? hostOf(headers.host)
    return known === undefined ? '' : `${schemeOf(proto) ?? own}://${known}`
  }
}

function hostOf(text: string | undefined): string | undefined {
  return text !== undefined && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text) ? text : undefined
}

function schemeOf(text: string | undefined): string | undefined {
  const scheme = text?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',', 1)[0]?.trim() || undefined
}
