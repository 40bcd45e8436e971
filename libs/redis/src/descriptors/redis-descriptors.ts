import { randomUUID } from 'node:crypto'
import {
  type Generation,
  type Hold,
  holdLifeMs,
  type InvalidationListener,
  type LinkedBlob,
  type SharedDescriptors,
  sharedLifeMs,
  type SharedLookup,
} from '@berth/blobs'
import { type Digest, parseDigest } from '@berth/digest'
import { CircuitBreaker } from '@berth/retries'
import { parseRepositoryName, type RepositoryName } from '@berth/reference'
import type { RedisConnection } from '../connection/redis-connection.ts'
import type { Subscription } from '../connection/subscription.ts'
import type { EntrySeal } from './entry-seal.ts'
import { type ScriptCommands, scripts } from './scripts.ts'

export interface RedisDescriptorsOptions {
  /** Without it no entry is believed and none is written, but removals are told to others and heard of. */
  readonly seal: EntrySeal | undefined
  /** Must not step back when the system's clock is set. */
  readonly nowMs?: (() => number) | undefined
}

/** What links are of: one never stands for another. */
export type DescriptorKind = 'blob' | 'manifest'

const uuidLength = 36
const circuit = { threshold: 3, firstPauseMs: 1000, longestPauseMs: 1000 }

/**
 * The descriptors of a kind that replicas share, in Redis: `allkeys-lru`, and of one registry alone. An ACL user needs
 * `~berth:* &berth:* +@connection +@read +@write +@scripting +@pubsub +cluster|slots +info`.
 *
 * A key has no part in another, so a cluster may spread them. Redis replicates after it has answered: of a master that
 * is lost together with the last holds it took, its successor may know an entry that was removed, for an hour at most.
 */
export class RedisDescriptors implements SharedDescriptors {
  readonly #kind: DescriptorKind
  readonly #channel: string
  readonly #commands: ScriptCommands
  readonly #subscription: Subscription
  readonly #listeners: InvalidationListener[] = []
  readonly #breaker: CircuitBreaker
  readonly #seal: EntrySeal | undefined

  constructor(connection: RedisConnection, kind: DescriptorKind, options: RedisDescriptorsOptions) {
    const { client } = connection
    this.#kind = kind
    this.#seal = options.seal
    this.#channel = `berth:${kind}s`
    for (const [name, lua] of Object.entries(scripts)) client.defineCommand(name, { numberOfKeys: 1, lua })
    this.#commands = client as unknown as ScriptCommands
    this.#breaker = new CircuitBreaker({ ...circuit, nowMs: options.nowMs ?? (() => performance.now()) })
    this.#subscription = connection.subscribe(this.#channel, {
      received: (message) => this.#received(message),
      connected: () => {
        for (const listener of this.#listeners) listener.reconnected()
      },
    })
  }

  get isConnected(): boolean {
    return this.#subscription.isConnected
  }

  listen(listener: InvalidationListener): void {
    this.#listeners.push(listener)
  }

  async find(repository: RepositoryName, digest: Digest): Promise<SharedLookup> {
    const key = this.#keyOf(repository, digest)
    const state = String(await this.#breaker.call(() => this.#commands.berthFind(key, randomUUID(), sharedLifeMs)))
    if (state.startsWith('g')) return { generation: state.slice(1) }
    if (!state.startsWith('e')) return { generation: undefined }
    if (this.#seal === undefined) return { generation: state.slice(1, 1 + uuidLength) }
    const blob = this.#seal.open({ kind: this.#kind, repository, digest }, state.slice(1 + uuidLength))
    if (blob !== undefined) return { blob }
    // Not what a replica with these keys has written lately: a miss, to be filled by the next that asks.
    await this.forget(repository, digest)
    return { generation: undefined, isInvalid: true }
  }

  async fill(repository: RepositoryName, digest: Digest, blob: LinkedBlob, generation: Generation): Promise<boolean> {
    const entry = this.#seal?.seal({ kind: this.#kind, repository, digest }, blob) ?? ''
    const key = this.#keyOf(repository, digest)
    return (await this.#breaker.call(() => this.#commands.berthFill(key, generation, entry, sharedLifeMs))) === 1
  }

  async hold(repository: RepositoryName, digest: Digest): Promise<Hold> {
    const hold = randomUUID()
    // Tried whatever happened before: who removes would rather wait than be refused.
    const message = `${repository}@${digest}`
    await this.#commands.berthHold(this.#keyOf(repository, digest), hold, holdLifeMs, this.#channel, message)
    return hold
  }

  async release(repository: RepositoryName, digest: Digest, hold: Hold): Promise<void> {
    await this.#renew(repository, digest, hold)
  }

  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#renew(repository, digest, '')
  }

  async #renew(repository: RepositoryName, digest: Digest, hold: Hold): Promise<void> {
    const message = `${repository}@${digest}`
    const key = this.#keyOf(repository, digest)
    await this.#commands.berthRenew(key, hold, randomUUID(), sharedLifeMs, this.#channel, message)
  }

  #received(message: string): void {
    const at = message.lastIndexOf('@')
    try {
      const repository = parseRepositoryName(message.slice(0, at))
      const digest = parseDigest(message.slice(at + 1))
      for (const listener of this.#listeners) listener.invalidated(repository, digest)
    } catch {
      // Nothing that Berth publishes; what it was about is not known, so nothing kept is believed.
      for (const listener of this.#listeners) listener.reconnected()
    }
  }

  #keyOf(repository: RepositoryName, digest: Digest): string {
    return `berth:${this.#kind}:{${repository}@${digest}}`
  }
}
