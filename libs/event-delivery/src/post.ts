import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { envelopeMediaType } from '@berth/events'
import { isAllowedAddress, lookupAllowed, RefusedAddressError } from './allowed-address.ts'
import type { Endpoint } from './endpoint.ts'

/** Bytes of an answer that are read, so that its connection can be used again. The content is ignored. */
const maxAnswerBytes = 64 * 1024

/** Sends requests to one endpoint. */
export class EndpointClient {
  readonly #endpoint: Endpoint
  readonly #agent: HttpAgent | HttpsAgent

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
    const lookup = endpoint.allowPrivate ? undefined : lookupAllowed
    const options = { keepAlive: true, maxSockets: 16, maxFreeSockets: 2, ...(lookup && { lookup }) }
    this.#agent = endpoint.url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /**
   * Sends a body. Redirects are not followed, so that events go only where the configuration says.
   *
   * @returns the status of the answer
   * @throws Error there was no answer in time
   */
  async post(body: string, signal: AbortSignal): Promise<number> {
    const { url, headers, timeoutMs, allowPrivate } = this.#endpoint
    // Names are checked when they are looked up. An address in the URL is not looked up.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    if (!allowPrivate && isIP(host) !== 0 && !isAllowedAddress(host)) throw new RefusedAddressError(host, host)
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(url, {
      method: 'POST',
      agent: this.#agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        'User-Agent': 'berth',
        'Content-Type': envelopeMediaType,
        'Content-Length': Buffer.byteLength(body),
        ...headers,
      },
    })
    request.end(body)
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    await skip(answer)
    return answer.statusCode ?? 0
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Reads an answer to its end, or closes its connection if it is too long. */
async function skip(answer: IncomingMessage): Promise<void> {
  let bytes = 0
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).byteLength
    if (bytes > maxAnswerBytes) break
  }
}
