import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What an id may be that somebody else made: it goes into logs and headers. */
const acceptable = /^[\w.-]{1,128}$/

/**
 * Makes ids that no other process makes, and that cost next to nothing: a random start, then counted. A request that
 * comes by a proxy which is believed keeps the id that it has there, so that the logs of both tell of the same one.
 */
export function requestIds(
  isProxy: (address: string | undefined) => boolean,
  start = randomBytes(8).toString('hex'),
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string {
  let count = 0
  return ({ headers, socket }) => {
    const given = headers['x-request-id']
    if (typeof given === 'string' && acceptable.test(given) && isProxy(socket.remoteAddress)) return given
    return `${start}-${(count++).toString(36)}`
  }
}
