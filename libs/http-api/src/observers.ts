import type { DenialReason } from '@berth/access'
import type { Logger } from '@berth/errors'
import type { RouteName } from './routes.ts'

/** Where requests are logged. pino's loggers are one. */
export interface RequestLogger extends Logger {
  /** Asked first, since the facts of a line that nobody reads cost as much. */
  isLevelEnabled(level: 'debug' | 'info' | 'warn' | 'error'): boolean
}

/** Where decisions about access are counted. */
export interface AccessMetrics {
  decided(outcome: 'granted' | 'limited' | DenialReason): void
}

/** Why a connection or a request was turned away before any route saw it. */
export type RefusalReason =
  | 'TLS'
  | 'client certificate'
  | 'malformed'
  | 'head too large'
  | 'head too slow'
  | 'URL too long'
  | 'too many headers'
  | 'pipelined too much'
  | 'too many connections'

/** Where the requests of a route are counted; paths that no route has are not. */
export interface RequestMetrics {
  /** A request began (1) or ended (-1). */
  inFlight(handler: RouteName, change: 1 | -1): void
  /** A request ended. Sizes are those of the bodies, in bytes, as far as they got. */
  observe(
    handler: RouteName,
    method: string,
    status: number,
    seconds: number,
    requestBytes: number,
    responseBytes: number,
  ): void
  /** A connection or a request was turned away before any route saw it. */
  refused(reason: RefusalReason): void
  /** Connections are shown a certificate from now on, which expires then. */
  certificateExpires(at: Date): void
}
