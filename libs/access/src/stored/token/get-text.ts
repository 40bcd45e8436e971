import { once } from 'node:events'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { placeOf } from './place-of.ts'

export interface GetOptions {
  /** Certificates, PEM, of who may vouch for the server; those that the system trusts where there are none. */
  readonly ca?: string | undefined
  /** Sent as a bearer token. */
  readonly bearer?: string | undefined
}

const timeoutMs = 5000
const maxBytes = 1024 * 1024

/** The small text behind a URL. @throws Error it cannot be had: redirects are not followed; it tells no secret of the URL */
export async function getText(url: string, { ca, bearer }: GetOptions = {}): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs)
  const headers = { accept: 'application/json', ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) }
  const request = url.startsWith('https:')
    ? getHttps(url, { signal, headers, agent: false, ...(ca !== undefined && { ca }) })
    : getHttp(url, { signal, headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`${placeOf(url)} answered with status ${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${placeOf(url)} answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
