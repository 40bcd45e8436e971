export interface BasicCredentials {
  readonly name: string
  readonly password: string
}

/**
 * What a client's `Authorization` header says of it, where that is of the scheme Basic. Both are UTF-8.
 *
 * @returns `undefined` where it is of another, or malformed
 * @see RFC 7617
 */
export function parseBasic(authorization: string | undefined): BasicCredentials | undefined {
  const [, encoded] = /^basic +([\w+/-]+={0,2})$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon < 0 ? undefined : { name: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
