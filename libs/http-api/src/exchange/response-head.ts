import { type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Express } from 'express'
import { exchangeOf } from './exchange-of.ts'

/**
 * Teaches an application's responses what all of them have in common, whoever writes them: headers that are added to
 * every head, and a count of the bytes of the body. Express lends its responses this prototype; doing it there costs
 * a request nothing but the call.
 *
 * @param isClosing whether connections should end with the response that is next
 */
export function equipResponses(app: Express, configured: readonly string[], isClosing: () => boolean): void {
  class ApiResponse extends ServerResponse {
    override writeHead(status: number, headers?: unknown): this {
      const head = flatten(headers as string[] | OutgoingHttpHeaders | undefined)
      const exchange = exchangeOf(this)
      head.push('Docker-Distribution-Api-Version', 'registry/2.0')
      if (exchange !== undefined) {
        head.push('X-Request-Id', exchange.id)
        if (exchange.route !== undefined) addMissing(this, head, configured)
      }
      if (isClosing() && !hasName(head, head.length, 'Connection')) head.push('Connection', 'close')
      return super.writeHead(status, head)
    }

    override write(chunk: unknown, ...rest: unknown[]): boolean {
      count(this, chunk)
      return super.write(chunk, ...(rest as []))
    }

    override end(chunk?: unknown, ...rest: unknown[]): this {
      count(this, chunk)
      return super.end(chunk, ...(rest as []))
    }
  }
  const { writeHead, write, end } = Object.getOwnPropertyDescriptors(ApiResponse.prototype)
  Object.defineProperties(app.response, { writeHead, write, end })
}

function count(response: ServerResponse, chunk: unknown): void {
  const exchange = exchangeOf(response)
  if (exchange === undefined) return
  if (typeof chunk === 'string') exchange.sent += Buffer.byteLength(chunk)
  else if (chunk instanceof Uint8Array) exchange.sent += chunk.byteLength
}

function flatten(headers: string[] | OutgoingHttpHeaders | undefined): string[] {
  if (headers === undefined) return []
  if (Array.isArray(headers)) return [...headers]
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((each) => [name, String(each)]))
}

/** Adds what an operator configured; what an operation says of its own response stays. */
function addMissing(response: ServerResponse, head: string[], configured: readonly string[]): void {
  const own = head.length
  for (let at = 0; at < configured.length; at += 2) {
    const name = configured[at] as string
    if (!response.hasHeader(name) && !hasName(head, own, name)) head.push(name, configured[at + 1] as string)
  }
}

function hasName(head: readonly string[], length: number, name: string): boolean {
  for (let at = 0; at < length; at += 2) {
    const each = head[at] as string
    if (each.length === name.length && each.toLowerCase() === name.toLowerCase()) return true
  }
  return false
}
