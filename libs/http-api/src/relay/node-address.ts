import type { ServerAddress } from '@berth/http-client'

/** @throws TypeError the text is not `host:port` */
export function parseNodeAddress(text: string): ServerAddress {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) throw new TypeError(`${JSON.stringify(text)} is not host:port`)
  return { host: (match[1] ?? match[2]) as string, port }
}
