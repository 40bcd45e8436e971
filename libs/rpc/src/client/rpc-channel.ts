import { setTimeout as delay } from 'node:timers/promises'
import { ChannelCredentials, type Client, type MethodDefinition, type ServiceError } from '@grpc/grpc-js'
import type { Logger } from '@berth/errors'
import type { RpcClientTls } from '../tls.ts'
import { thrownBy, unavailable } from '../wire/errors.ts'
import { callForMany, callForOne, connected, MessageStream } from './calling.ts'
import { type Replica, Replicas } from './replicas.ts'

export interface RpcChannelOptions {
  /** `host:port`, or `dns:///name:port` for all addresses of a name, which are looked up again as they change. */
  readonly addresses: readonly string[]
  readonly tls?: RpcClientTls
  /** How long a call may take with all its attempts. Default: 30 s. */
  readonly deadlineMs?: number
  readonly log?: Logger
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether a call whose answer was lost may be made again. */
  readonly isRepeatable: boolean
}

/** With their pauses, about seven seconds: enough to sit out the restart of a service that has one replica. */
const maxRounds = 12
const maxPauseMs = 1_000
const firstPauseMs = 50
/** Of those that do not answer, so many fit into a call's deadline. */
const slowReplicas = 3

type Attempt<T> = (client: Client, deadlineMs: number, replica: Replica) => Promise<T>

/** Calls one service, on whichever replica answers. */
export class RpcChannel {
  readonly #replicas: Replicas
  readonly #deadlineMs: number
  readonly #log: Logger | undefined
  readonly #random: () => number

  constructor({ addresses, tls, deadlineMs = 30_000, log, random = Math.random }: RpcChannelOptions) {
    this.#replicas = new Replicas(addresses, credentialsOf(tls))
    this.#deadlineMs = deadlineMs
    this.#log = log
    this.#random = random
  }

  /** One message for one. @throws what the service threw; RegistryError UNAVAILABLE where it could not be asked */
  async call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    { signal, isRepeatable }: CallOptions,
  ): Promise<Response> {
    const attempt: Attempt<Response> = (client, deadlineMs) =>
      callForOne(client, method, request, { deadline: Date.now() + deadlineMs }, signal)
    return isRepeatable ? this.#repeat(attempt, signal) : this.#once(attempt, signal)
  }

  /** Many messages for one, collected. */
  async collect<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<Response[]> {
    return this.#repeat(
      (client, deadlineMs) => callForMany(client, method, request, { deadline: Date.now() + deadlineMs }, signal),
      signal,
    )
  }

  /**
   * Many messages for one, as they are asked for; the first is there. Each may take as long as a call.
   * It ends when it is read to its end, stopped, or when `signal` is aborted.
   */
  async open<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<{ readonly first: Response | undefined; readonly rest: AsyncIterable<Response> }> {
    return this.#repeat(async (client, deadlineMs) => {
      const stream = new MessageStream(client, method, request, signal)
      const first = await stream.next(deadlineMs)
      return { first, rest: this.#restOf(stream, signal) }
    }, signal)
  }

  close(): void {
    this.#replicas.close()
  }

  async *#restOf<Request, Response>(
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
      throw this.#thrown(error as ServiceError)
    } finally {
      stream.stop()
    }
  }

  /** What cannot be repeated goes only to a replica that is known to be there. */
  async #once<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    const untilMs = performance.now() + this.#deadlineMs
    const replica = await this.#repeat(async (client, deadlineMs, found) => {
      await connected(client, Date.now() + deadlineMs, signal)
      return found
    }, signal)
    try {
      return await attempt(replica.client, untilMs - performance.now(), replica)
    } catch (error) {
      signal?.throwIfAborted()
      replica.failed(performance.now())
      throw this.#thrown(error as ServiceError)
    }
  }

  /** Asks one replica after the other, then all again after a pause, until one answers. */
  async #repeat<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    const untilMs = performance.now() + this.#deadlineMs
    const tried = new Set<Replica>()
    for (let round = 1; ;) {
      signal?.throwIfAborted()
      const replica = this.#replicas.next(tried, performance.now())
      try {
        const leftMs = untilMs - performance.now()
        const result = await attempt(replica.client, Math.min(leftMs, this.#deadlineMs / slowReplicas), replica)
        replica.answered()
        return result
      } catch (error) {
        signal?.throwIfAborted()
        const failure = error as ServiceError
        const thrown = thrownBy(failure)
        if (thrown !== undefined) {
          replica.answered()
          throw thrown
        }
        replica.failed(performance.now())
        tried.add(replica)
        const isRoundOver = tried.size === this.#replicas.size
        const pauseMs = isRoundOver ? this.#pauseOf(round) : 0
        if (round > maxRounds || performance.now() + pauseMs >= untilMs) throw this.#thrown(failure)
        this.#log?.debug({ err: failure, pauseMs }, 'a call is made again')
        if (!isRoundOver) continue
        tried.clear()
        round += 1
        await delay(pauseMs, undefined, signal && { signal }).catch(() => undefined)
      }
    }
  }

  /** Half of it by chance, so that many that failed at once do not come back at once. */
  #pauseOf(round: number): number {
    const longest = Math.min(maxPauseMs, firstPauseMs * 2 ** round)
    return (longest + longest * this.#random()) / 2
  }

  #thrown(failure: ServiceError): Error {
    const thrown = thrownBy(failure)
    if (thrown !== undefined) return thrown
    this.#log?.warn({ err: failure }, 'call given up')
    return unavailable(failure)
  }
}

function credentialsOf(tls: RpcClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure()
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text))
  const cas = tls.cas.length === 0 ? undefined : tls.cas.join('\n')
  return ChannelCredentials.createSsl(pem(cas), pem(tls.key), pem(tls.cert))
}
