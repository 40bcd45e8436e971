import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { TraceContext } from '@berth/process'
import { peerAddress } from '../client/addresses.ts'
import { announcesBody } from '../exchange/unread-body.ts'

/** What is about one connection, and not about the message. @see RFC 9110, section 7.6.1 */
const ofConnection: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]
/** What is said anew. */
const ofRelay: readonly string[] = ['content-length', 'expect', 'host', 'x-request-id', 'x-forwarded-for', 'x-real-ip']
const ofProxies: readonly string[] = ['forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']
/** What every answer of this server has of its own. */
const ofServer: readonly string[] = ['docker-distribution-api-version', 'x-request-id']
/** What would change a message when it is over. @see RFC 9110, section 6.5.1 */
const neverTrailers: readonly string[] = ['content-length', 'host', 'expect', 'authorization', 'content-encoding']

const ofTraces: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])
const toDropOfRequest: ReadonlySet<string> = new Set([...ofConnection, ...ofRelay])
const toDropOfStrangersRequest: ReadonlySet<string> = new Set([...toDropOfRequest, ...ofProxies])
const toDropOfAnswer: ReadonlySet<string> = new Set([...ofConnection, ...ofServer])
const toDropOfTrailers: ReadonlySet<string> = new Set([...ofConnection, ...neverTrailers, 'trailer', 'content-range'])

/** Who sends a request on. */
export interface Relay {
  /** As it calls itself to those after it. */
  readonly name: string
  /** Whether the peer is a trusted proxy, whose headers about the request's origin are passed on. */
  readonly isProxy: boolean
}

export interface Forwarding extends Relay {
  /** The id that both log lines have. */
  readonly id: string
  /** The client's address; `''` for a client on a Unix socket. */
  readonly client: string
  /** The node, for clients that name no host. */
  readonly node: string
  /** Of the span that the node's is a part of; where there is none, what the client says goes by. */
  readonly trace?: TraceContext | undefined
}

/**
 * A client's request, as it is sent on to a node. One with a body expects to be told to continue, whether or not its
 * client does: until a node has said so, nothing of the body is taken, and another node can be asked.
 */
export function requestHead(request: IncomingMessage, { name, isProxy, id, client, node, trace }: Forwarding): string {
  const { headers, method, rawHeaders, socket, url } = request
  const proto = (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http'
  const peer = peerAddress(socket.remoteAddress) || 'unknown'
  const host = headers.host ?? node
  const own = ['Host', host, 'X-Request-Id', id, 'Via', `${request.httpVersion} ${name}`]
  if (isProxy) {
    own.push('X-Forwarded-For', client === peer ? peer : `${client}, ${peer}`)
    if (headers['x-forwarded-proto'] === undefined) own.push('X-Forwarded-Proto', proto)
    if (headers['x-forwarded-host'] === undefined) own.push('X-Forwarded-Host', host)
  } else {
    own.push('X-Forwarded-For', peer, 'X-Forwarded-Proto', proto, 'X-Forwarded-Host', host)
  }
  if (headers['transfer-encoding'] !== undefined) own.push('Transfer-Encoding', 'chunked')
  else if (headers['content-length'] !== undefined) own.push('Content-Length', headers['content-length'])
  if (announcesBody(request)) own.push('Expect', '100-continue')
  const received = trace === undefined ? rawHeaders : without(ofTraces, rawHeaders, undefined)
  if (trace?.traceparent !== undefined) own.push('traceparent', trace.traceparent)
  if (trace?.tracestate !== undefined) own.push('tracestate', trace.tracestate)
  const sentOn = without(isProxy ? toDropOfRequest : toDropOfStrangersRequest, received, headers.connection)
  return `${method} ${originForm(url ?? '/')} HTTP/1.1\r\n${fields(own)}${fields(sentOn)}\r\n`
}

/** A client that takes this server for a proxy sends a whole URL. */
function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/]*/i, '')
}

/** The last of a body in chunks, with what the client said after it. */
export function lastChunk(rawTrailers: readonly string[]): string {
  return `0\r\n${fields(without(toDropOfTrailers, rawTrailers, undefined))}\r\n`
}

/** The headers of a node's answer that are the client's to know. */
export function answerHeaders(headers: readonly string[]): string[] {
  let named: string | undefined
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]?.toLowerCase() === 'connection') named = `${named ?? ''},${headers[at + 1]}`
  return without(toDropOfAnswer, headers, named)
}

export function answerTrailers(trailers: readonly string[]): [string, string][] {
  const kept = without(toDropOfTrailers, trailers, undefined)
  return kept.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, kept[at + 1] as string]] : []))
}

/** @param connection the headers that a `Connection` header names are dropped, too */
function without(dropped: ReadonlySet<string>, headers: readonly string[], connection: string | undefined): string[] {
  const named = connection === undefined ? undefined : connection.toLowerCase().split(/[\s,]+/)
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string
    const lower = name.toLowerCase()
    if (!dropped.has(lower) && named?.includes(lower) !== true) kept.push(name, headers[at + 1] as string)
  }
  return kept
}

/** Whatever a parser let pass, a line of what is written here is one line. */
function fields(headers: readonly string[]): string {
  let text = ''
  for (let at = 0; at < headers.length; at += 2) {
    const line = `${headers[at]}: ${headers[at + 1]}`
    if (/[\r\n\0]/.test(line)) throw new TypeError('a header has a character that none may have')
    text += `${line}\r\n`
  }
  return text
}
