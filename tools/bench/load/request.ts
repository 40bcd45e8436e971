import type { Connection } from './connection.ts'
import { headerOf, type Response } from './response-reader.ts'

/** What docker and its kin accept, so that every registry answers with what it stores. */
const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  '*/*',
].join(', ')

/** The head of a request, ready to be sent. */
export function requestHead(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
): Buffer {
  const all = { Host: '127.0.0.1', 'User-Agent': 'berth-bench', Accept: accept, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
}

export function expectStatus(response: Response, status: number): Response {
  if (response.status !== status) throw new Error(`expected ${status}, and got:\n${response.head}`)
  return response
}

/** Starts an upload, and returns the path to continue at. */
export async function startUpload(connection: Connection, repository: string): Promise<string> {
  const head = requestHead('POST', `/v2/${repository}/blobs/uploads/`, { 'Content-Length': 0 })
  return locationOf(expectStatus(await connection.exchange(head), 202))
}

/** The path in `Location`, which may be a URL. */
export function locationOf(response: Response): string {
  const location = headerOf(response, 'Location')
  if (location === undefined) throw new Error(`no Location in:\n${response.head}`)
  return location.replace(/^https?:\/\/[^/]+/, '')
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}
