import { type Logger, RegistryError } from '@berth/errors'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { HttpApiSettings } from '../settings.ts'
import { trustedPeers } from '../urls/trusted-proxies.ts'
import { BlobNode } from './blob-node.ts'
import { BlobNodes } from './blob-nodes.ts'
import { requestHead } from './forwarded-headers.ts'
import { parseNodeAddress } from './node-address.ts'
import { NodeFailure } from './node-failure.ts'
import { RelayedRequest } from './relayed-request.ts'

export interface BlobRelayOptions {
  /** Where blob nodes serve HTTP, each as `host:port`. */
  readonly nodes: readonly string[]
  readonly log: Logger
  readonly connectTimeoutMs?: number
  /** How long a node may work on a request that may take its time: completing an upload may join or copy it. */
  readonly answerTimeoutMs?: number
}

/**
 * Passes requests on to blob nodes as they are, and answers as these do. Bytes go by at the pace of whoever takes them,
 * and are never kept. A request of which no byte of a body has left yet, in either direction, is tried on every node
 * before it fails.
 */
export class BlobRelay {
  readonly #nodes: BlobNodes
  readonly #log: Logger
  readonly #answerTimeoutMs: number

  /** @throws TypeError what is given for a node is not `host:port` */
  constructor({ nodes, log, connectTimeoutMs = 2000, answerTimeoutMs = 600_000 }: BlobRelayOptions) {
    const made = nodes.map((node) => new BlobNode({ address: parseNodeAddress(node), connectTimeoutMs }))
    this.#nodes = new BlobNodes(made)
    this.#log = log
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** The operation of every route that is relayed, whatever the method. */
  operation({ trustedProxies, stallTimeoutMs }: HttpApiSettings): (exchange: RequestExchange) => Promise<void> {
    const isTrusted = trustedPeers(trustedProxies)
    return (exchange) => this.#relay(exchange, isTrusted(exchange.request.socket.remoteAddress), stallTimeoutMs)
  }

  /** Ends the connections to all nodes. */
  close(): void {
    this.#nodes.close()
  }

  async #relay(exchange: RequestExchange, isProxy: boolean, stallTimeoutMs: number): Promise<void> {
    const { id, request } = exchange
    const isQuick = request.method === 'GET' || request.method === 'HEAD'
    const patience = { stallTimeoutMs, answerTimeoutMs: isQuick ? stallTimeoutMs : this.#answerTimeoutMs }
    const relayed = new RelayedRequest(exchange)
    const tried = new Set<BlobNode>()
    let cause: unknown
    for (let node = this.#nodes.choose(tried); node !== undefined; node = this.#nodes.choose(tried)) {
      tried.add(node)
      exchange.note({ node: node.name })
      const head = requestHead(request, { id, isProxy, node: node.name })
      const isLast = tried.size === this.#nodes.size
      try {
        return await node.use((connection) => relayed.askOn(connection, head, patience, isLast))
      } catch (error) {
        if (!(error instanceof NodeFailure)) throw error
        cause = error
        this.#log.warn({ node: node.name, requestId: id, pauseMs: node.failed(), err: error }, 'blob node failed')
        if (exchange.response.headersSent) throw error
        if (!relayed.isRepeatable) break
      }
    }
    throw new RegistryError('UNAVAILABLE', { reason: 'no blob node could serve the request' }, { cause })
  }
}
