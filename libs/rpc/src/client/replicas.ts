import { type ChannelCredentials, type ChannelOptions, Client, connectivityState } from '@grpc/grpc-js'
import type { Requester } from '@berth/access'
import type { Tracer } from '@berth/process'
import { maxMessageBytes } from '../wire/limits.ts'
import { nameRequester } from './name-requester.ts'
import { traceCalls } from './trace-calls.ts'

const options: ChannelOptions = {
  // Of a name with several addresses, each in turn.
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.service_config_disable_resolution': 1,
  'grpc.dns_min_time_between_resolutions_ms': 5_000,
  // Finds a peer that is gone without a word; also between calls, so that the next one need not wait for that.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // Services are inside; proxies of the environment lead outside.
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
}

/** How long one that failed is not asked while there are others. */
const coolOffMs = 5_000

/** What each call tells of, and to whom. */
export interface CallObservers {
  readonly tracer?: Tracer | undefined
  readonly requester?: Requester | undefined
}

/** One address of a service, with what is known of it. */
export class Replica {
  readonly client: Client
  #failedAtMs: number | undefined

  constructor(address: string, credentials: ChannelCredentials, { tracer, requester }: CallObservers) {
    const interceptors = [
      ...(tracer === undefined ? [] : [traceCalls(tracer, address)]),
      ...(requester === undefined ? [] : [nameRequester(requester)]),
    ]
    this.client = new Client(address, credentials, { ...options, ...(interceptors.length > 0 && { interceptors }) })
  }

  /** The least is asked first. Below zero: nothing is known against it. */
  rank(nowMs: number): number {
    if (this.#failedAtMs !== undefined && nowMs - this.#failedAtMs < coolOffMs) return this.#failedAtMs
    const isDown = this.client.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE
    return isDown ? 0 : -1
  }

  answered(): void {
    this.#failedAtMs = undefined
  }

  failed(nowMs: number): void {
    this.#failedAtMs = nowMs
  }
}

/** The addresses of a service, each in turn, those that fail last. */
export class Replicas {
  readonly #all: readonly Replica[]
  #turn = 0

  constructor(addresses: readonly string[], credentials: ChannelCredentials, observers: CallObservers = {}) {
    if (addresses.length === 0) throw new Error('a service needs at least one address')
    this.#all = addresses.map((address) => new Replica(address, credentials, observers))
  }

  get size(): number {
    return this.#all.length
  }

  /** The one whose turn it is, of those not `tried` that did not fail of late; of all that failed, the one longest ago. */
  next(tried: ReadonlySet<Replica>, nowMs: number): Replica {
    let best: Replica | undefined
    let bestRank = Infinity
    for (let step = 0; step < this.#all.length; step += 1) {
      const replica = this.#all[(this.#turn + step) % this.#all.length] as Replica
      const rank = replica.rank(nowMs) + (tried.has(replica) ? Number.MAX_SAFE_INTEGER : 0)
      if (rank >= bestRank) continue
      best = replica
      bestRank = rank
    }
    this.#turn = (this.#turn + 1) % this.#all.length
    return best as Replica
  }

  close(): void {
    for (const { client } of this.#all) client.close()
  }
}
