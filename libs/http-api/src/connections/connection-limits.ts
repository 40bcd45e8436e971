import { networkOf } from '@berth/access'

/** Open files of a process that are no connections of clients and not opened for one: libraries, locks, listeners, pipes. */
const reservedFiles = 64

/** Maximum number of connections, however many files may be open: each takes some memory. */
const mostConnections = 10_000

/** Connections that are looked at to find one that is idle. */
const maxLookedAt = 256

export interface ConnectionLimitsParts<Socket> {
  readonly maxConnections: number
  readonly maxOfNetwork: number
  /** Whether the connections from an address are those of many clients, as with a proxy. */
  readonly isShared: (address: string) => boolean
  /** Closes a connection if no request is being served on it. @returns whether it did */
  readonly closeIdle: (socket: Socket) => boolean
}

/**
 * Bounds the connections of clients, in all and of each network, so that there is always a file for storage to open and
 * one network leaves room for others. A new connection takes the place of an idle one where there is one: a client whose
 * idle connection is closed opens another.
 */
export class ConnectionLimits<Socket> {
  readonly #parts: ConnectionLimitsParts<Socket>
  /** By network; each set is in the order in which its connections were opened or last found busy. */
  readonly #networks = new Map<string, Set<Socket>>()
  readonly #shared = new Set<Socket>()
  #count = 0

  constructor(parts: ConnectionLimitsParts<Socket>) {
    this.#parts = parts
  }

  /** Number of networks that are known. */
  get networks(): number {
    return this.#networks.size
  }

  /** Counts a connection if there is room for it. @param address `''` on a Unix socket */
  admit(socket: Socket, address: string): boolean {
    const { maxConnections, maxOfNetwork, isShared } = this.#parts
    const isOfMany = address === '' || isShared(address)
    const network = networkOf(address)
    const own = isOfMany ? this.#shared : (this.#networks.get(network) ?? new Set())
    if (!isOfMany && own.size >= maxOfNetwork && !this.#makeRoom(own)) return false
    if (this.#count >= maxConnections && !this.#makeRoom(this.#largest())) return false
    own.add(socket)
    if (!isOfMany) this.#networks.set(network, own)
    this.#count++
    return true
  }

  /** A connection has closed. */
  release(socket: Socket, address: string): void {
    const network = networkOf(address)
    const own = this.#networks.get(network)
    if (own?.delete(socket) === true || this.#shared.delete(socket)) this.#count--
    // One whose place was taken is not counted any more, and may have been its network's last.
    if (own?.size === 0) this.#networks.delete(network)
  }

  #makeRoom(connections: Set<Socket>): boolean {
    let lookedAt = 0
    for (const each of connections) {
      if (++lookedAt > maxLookedAt) return false
      connections.delete(each)
      if (this.#parts.closeIdle(each)) {
        this.#count--
        return true
      }
      connections.add(each)
    }
    return false
  }

  /** Those of the network that has most; of proxies only where there are no others. */
  #largest(): Set<Socket> {
    let largest: Set<Socket> | undefined
    for (const each of this.#networks.values()) if (each.size > (largest?.size ?? 0)) largest = each
    return largest ?? this.#shared
  }
}

/**
 * How many connections there may be: for each, one more file is left, such as the blob that is read or the connection to
 * the blob node.
 */
export function connectionsFor(openFiles: number): number {
  return Math.max(1, Math.min(mostConnections, Math.floor((openFiles - reservedFiles) / 2)))
}
