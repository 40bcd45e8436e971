import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Logger, RegistryError } from '@berth/errors'
import { LargeBuffers, ServerFailure } from '@berth/http-client'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { HttpApiSettings } from '../settings.ts'
import { trustedPeers } from '../client/trusted-proxies.ts'
import { BlobNode } from './blob-node.ts'
import { BlobNodes } from './blob-nodes.ts'
import { parseNodeAddress } from './node-address.ts'
import { RelayedRequest } from './relayed-request.ts'
import { UnguardedNode } from './require-guard.ts'

const firstPauseMs = 50
const longestPauseMs = 800
/** Downloads that are relayed with large buffers at once, of two mebibytes each. */
const maxLargeBuffers = 24

export interface BlobRelayOptions {
  /** Where blob nodes serve HTTP, each as `host:port`. */
  readonly nodes: readonly string[]
  readonly log: Logger
  /**
   * Given where access is controlled: a path that nodes answer nobody without credentials, such as `/v2/`. Nothing is
   * relayed to those that do, since what is relayed is decided by them alone.
   */
  readonly guardedPath?: string | undefined
  readonly connectTimeoutMs?: number
  /** How long a request may wait for any node at all: enough to sit out the restart of the only one. */
  readonly retryForMs?: number
  /** How long a node may work on a request that may take its time: completing an upload may join or copy it. */
  readonly answerTimeoutMs?: number
}

/**
 * Passes requests on to blob nodes as they are, and answers as these do. Bytes go by at the pace of whoever takes them,
 * and are never kept. A request of which no byte of a body has left yet, in either direction, is tried on every node,
 * and on all of them again after a pause, before it fails.
 */
export class BlobRelay {
  /** What it says of itself in `Via`: whatever comes with that has been here before. */
  readonly #name = `berth-${randomBytes(8).toString('hex')}`
  readonly #nodes: BlobNodes
  readonly #log: Logger
  readonly #retryForMs: number
  readonly #answerTimeoutMs: number

  /** @throws TypeError what is given for a node is not `host:port` */
  constructor(options: BlobRelayOptions) {
    const { nodes, log, guardedPath, connectTimeoutMs = 2000, retryForMs = 5000, answerTimeoutMs = 600_000 } = options
    const end = { buffers: new LargeBuffers(maxLargeBuffers), connectTimeoutMs, guardedPath }
    const made = nodes.map((node) => new BlobNode({ ...end, address: parseNodeAddress(node) }))
    this.#nodes = new BlobNodes(made)
    this.#log = log
    this.#retryForMs = retryForMs
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
    const { method, headers } = exchange.request
    if (headers.via?.includes(this.#name) === true) throw this.#loop()
    const isQuick = method === 'GET' || method === 'HEAD'
    const patience = { stallTimeoutMs, answerTimeoutMs: isQuick ? stallTimeoutMs : this.#answerTimeoutMs }
    const relayed = new RelayedRequest(exchange, { name: this.#name, isProxy }, patience)
    const untilMs = performance.now() + this.#retryForMs
    for (let pauseMs = firstPauseMs; !(await this.#askAll(relayed)); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (!relayed.isRepeatable || performance.now() + pauseMs > untilMs) throw unavailable(relayed.failure)
      await setTimeout(pauseMs, undefined, { signal: exchange.signal })
    }
  }

  #loop(): RegistryError {
    this.#log.error({}, 'a relayed request returned to this gateway: check services.blobs.http')
    return new RegistryError('UNAVAILABLE', { reason: 'a gateway is its own blob node' })
  }

  /** Asks each node until one answers. @returns whether one did */
  async #askAll(relayed: RelayedRequest): Promise<boolean> {
    const tried = new Set<BlobNode>()
    while (relayed.isRepeatable) {
      const node = this.#nodes.choose(tried)
      if (node === undefined) return false
      tried.add(node)
      try {
        await node.use((connection) => relayed.askOn(connection, node.name, tried.size === this.#nodes.size))
        return true
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error
        relayed.failure = error
        const pauseMs = node.failed()
        if (pauseMs !== undefined) this.#tell(error, node.name, pauseMs)
        // What was sent cannot be taken back: all that can be told is that it is not whole.
        if (relayed.isAnswered) throw error
      }
    }
    return false
  }
  #tell(error: ServerFailure, node: string, pauseMs: number): void {
    if (error instanceof UnguardedNode)
      this.#log.error({ node, pauseMs, err: error }, 'refused to relay: blob node does not require authentication')
    else this.#log.warn({ node, pauseMs, err: error }, 'blob node failed')
  }
}

function unavailable(cause: ServerFailure | undefined): RegistryError {
  const isUnguarded = cause instanceof UnguardedNode
  const reason = isUnguarded ? 'a blob node does not control access' : 'no blob node could serve it'
  return new RegistryError('UNAVAILABLE', { reason }, { cause })
}
