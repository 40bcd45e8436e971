import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlobPiece, SendableBlobs } from '@berth/blobs'
import type { ByteRange } from '@berth/bytes'
import { type Digest, parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { Cidr } from '@berth/configuration'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import type { RegistryServices } from '../services.ts'
import { setHeaders } from '../exchange/respond.ts'
import { trustedPeers } from '../client/trusted-proxies.ts'
import { contentRange, multipartBody } from './multipart.ts'
import { checkPreconditions, rangeCounts } from './preconditions.ts'
import { chooseRanges } from './ranges.ts'

const contentType = 'application/octet-stream'

export interface BlobReading {
  readonly blobs: SendableBlobs
  readonly redirectExcept: readonly Cidr[]
  readonly pulls?: RegistryServices['pulls']
}

/** GET and HEAD of a blob. @see OCI distribution-spec, "Pulling blobs", and RFC 9110 for conditions and ranges */
export function getBlob({ blobs, redirectExcept, pulls }: BlobReading): Handler {
  const isServedHere = trustedPeers(redirectExcept)
  return async (exchange) => {
    const { request, response, repository } = exchange
    const digest = parseDigest(exchange.parameter)
    const located =
      blobs.locate !== undefined && isForStore(request) && !isServedHere(exchange.clientAddress)
        ? await blobs.locate(repository, digest)
        : undefined
    const { size } = located?.descriptor ?? (await blobs.stat(repository, digest))
    // Also if the client has the blob already, or asks for a range that is not there, as in CNCF Distribution.
    pulls?.blob(repository, { digest, size })

    const etag = `"${digest}"`
    const headers = ['Docker-Content-Digest', digest, 'ETag', etag, 'Cache-Control', 'max-age=31536000']
    const outcome = checkPreconditions(request.headers, etag)
    if (outcome === 'failed') return answer(response, 412, ['Content-Length', '0'])
    if (outcome === 'not modified') return answer(response, 304, headers)

    // The store heeds ranges by itself. The URL is good for a while, so nobody is to keep it.
    if (located !== undefined && size > 0) {
      const told = ['Docker-Content-Digest', digest, 'Cache-Control', 'no-store', 'Content-Length', '0']
      return answer(response, 307, ['Location', located.url, ...told])
    }

    headers.push('Accept-Ranges', 'bytes')
    // RFC 9110, section 14.2: a range means something to GET alone.
    if (request.method === 'HEAD')
      return answer(response, 200, [...headers, 'Content-Type', contentType, 'Content-Length', String(size)])
    const choice = rangeCounts(request.headers, etag) ? chooseRanges(request.headers.range, size) : 'whole'
    if (choice === 'refused') {
      response.setHeader('Content-Range', `bytes */${size}`)
      throw new RegistryError('RANGE_INVALID', { range: request.headers.range ?? '', offset: size })
    }

    const body =
      choice === 'whole'
        ? wholeOf(size)
        : choice.length === 1
          ? partOf(choice[0], size)
          : partsOf(multipartBody(digest, size, contentType, choice))
    await send(blobs, exchange, digest, { ...body, headers: [...headers, ...body.headers] })
  }
}

/** A store serves one range at most, and a client that asks for several wants to have just these. */
function isForStore({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.range?.includes(',') !== true
}

interface Body {
  readonly status: 200 | 206
  readonly headers: readonly string[]
  /** All of the body, if it is one range of the blob. */
  readonly range?: ByteRange
  /** All of the body, if it is several ranges of the blob, with bytes before, between and after them. */
  readonly pieces?: readonly BlobPiece[]
}

function wholeOf(size: number): Body {
  const headers = ['Content-Type', contentType, 'Content-Length', String(size)]
  return { status: 200, headers, ...(size > 0 && { range: { start: 0, end: size } }) }
}

function partOf(range: ByteRange, size: number): Body {
  const length = String(range.end - range.start)
  const headers = ['Content-Type', contentType, 'Content-Length', length, 'Content-Range', contentRange(range, size)]
  return { status: 206, headers, range }
}

function partsOf({ parts, tail, ...body }: ReturnType<typeof multipartBody>): Body {
  const headers = ['Content-Type', body.contentType, 'Content-Length', String(body.contentLength)]
  return { status: 206, headers, pieces: [...parts.flatMap(({ head, range }) => [head, range]), tail] }
}

/** The header is sent with the first bytes, so content that turns out to be gone can still be answered with 404. */
async function send(blobs: SendableBlobs, exchange: Exchange, digest: Digest, body: Body): Promise<void> {
  const { response, repository, signal, clientNetwork: share } = exchange
  const { status, headers, range, pieces } = body
  response.statusCode = status
  setHeaders(response, headers)
  try {
    if (range !== undefined) await blobs.sendTo(repository, digest, range, response, signal, share)
    if (pieces !== undefined) await blobs.sendPieces(repository, digest, pieces, response, signal, share)
    response.end()
  } catch (error) {
    if (!response.headersSent)
      for (let at = 0; at < headers.length; at += 2) response.removeHeader(headers[at] as string)
    throw error
  }
}

function answer(response: ServerResponse, status: number, headers: string[]): void {
  response.writeHead(status, headers).end()
}
