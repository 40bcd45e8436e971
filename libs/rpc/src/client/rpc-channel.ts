import { ChannelCredentials, type MethodDefinition, type ServiceError } from '@grpc/grpc-js'
import type { Requester } from '@berth/access'
import type { Logger } from '@berth/errors'
import type { Tracer } from '@berth/process'
import type { RenewableTls } from '../tls.ts'
import { type Attempt, Attempts } from './attempts.ts'
import { callForMany, callForOne, MessageStream } from './calling.ts'
import { Replicas } from './replicas.ts'

export interface RpcChannelOptions {
  /** `host:port`, or `dns:///name:port` for all addresses of a name, which are looked up again as they change. */
  readonly addresses: readonly string[]
  readonly tls?: RenewableTls | undefined
  /** How long a call may take with all its attempts. Default: 30 s. */
  readonly deadlineMs?: number
  readonly log?: Logger
  /** Makes a span of each call; none are made where it is absent. */
  readonly tracer?: Tracer | undefined
  /** For whom calls are made, which the service is told for its logs; nothing is told where it is absent. */
  readonly requester?: Requester | undefined
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether a call whose answer was lost may be made again. */
  readonly isRepeatable: boolean
}

/** Calls one service, on whichever replica answers. */
export class RpcChannel {
  readonly #replicas: Replicas
  readonly #attempts: Attempts
  readonly #deadlineMs: number

  constructor(options: RpcChannelOptions) {
    const { addresses, tls, deadlineMs = 30_000, log, tracer, requester, random = Math.random } = options
    this.#replicas = new Replicas(addresses, tls?.channelCredentials() ?? ChannelCredentials.createInsecure(), {
      tracer,
      requester,
    })
    this.#attempts = new Attempts({ replicas: this.#replicas, deadlineMs, log, random })
    this.#deadlineMs = deadlineMs
  }

  /** One message for one. @throws what the service threw; RegistryError UNAVAILABLE where it could not be asked */
  call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    { signal, isRepeatable }: CallOptions,
  ): Promise<Response> {
    const attempt: Attempt<Response> = (client, deadlineMs) => callForOne(client, method, request, deadlineMs, signal)
    return isRepeatable ? this.#attempts.repeat(attempt, signal) : this.#attempts.once(attempt, signal)
  }

  /** Many messages for one, collected. Made again where an answer is lost. @throws as `call` */
  collect<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<Response[]> {
    return this.#attempts.repeat(
      (client, deadlineMs) => callForMany(client, method, request, deadlineMs, signal),
      signal,
    )
  }

  /**
   * A header, then many messages, as they are asked for. Made again until the header is there; each message after it
   * may take as long as a call. Whoever has the messages reads them to their end or stops, or aborts `signal`.
   *
   * @returns the messages after the header
   * @throws as `call`
   */
  open<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Response>> {
    return this.#attempts.repeat(async (client, deadlineMs) => {
      const stream = new MessageStream(client, method, request, signal)
      await stream.next(deadlineMs)
      return this.#messagesOf(stream, signal)
    }, signal)
  }

  close(): void {
    this.#replicas.close()
  }

  async *#messagesOf<Request, Response>(
    stream: MessageStream<Request, Response>,
    signal?: AbortSignal,
  ): AsyncGenerator<Response> {
    try {
      for (;;) {
        const message = await stream.next(this.#deadlineMs)
        if (message === undefined) return
        yield message
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#attempts.told(error as ServiceError)
    } finally {
      stream.stop()
    }
  }
}
