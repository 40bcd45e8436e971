import { InvalidValue } from '../problems.ts'

/** Where a server listens. Without a host: on every address of the machine. */
export type ListenAddress =
  | { readonly net: 'tcp'; readonly host?: string; readonly port: number }
  | { readonly net: 'unix'; readonly path: string }

export interface TcpAddress {
  readonly net: 'tcp'
  readonly host?: string
  readonly port: number
}

/** @param text `host:port`, `:port` or `[v6]:port`. @throws InvalidValue */
export function parseTcpAddress(text: string): TcpAddress {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new InvalidValue('is not a host:port, as :5000 is')
  const host = match[1] ?? match[2] ?? ''
  return host === '' ? { net: 'tcp', port } : { net: 'tcp', host, port }
}

/** Where something else listens. */
export interface RemoteAddress {
  readonly host: string
  readonly port: number
}

/** @param text as {@link parseTcpAddress}, with a host. @throws InvalidValue */
export function parseRemoteAddress(text: string): RemoteAddress {
  const { host, port } = parseTcpAddress(text)
  if (host === undefined) throw new InvalidValue('names no host')
  return { host, port }
}

/** The address as people write it. */
export function formatAddress(address: ListenAddress): string {
  if (address.net === 'unix') return address.path
  const host = address.host ?? ''
  return `${host.includes(':') ? `[${host}]` : host}:${address.port}`
}
