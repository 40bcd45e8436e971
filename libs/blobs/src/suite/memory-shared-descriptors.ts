import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import { formatLinkedBlob, type LinkedBlob } from '../linked-blob.ts'
import {
  type Generation,
  type Hold,
  holdLifeMs,
  type InvalidationListener,
  type SharedDescriptors,
  sharedLifeMs,
  type SharedLookup,
} from '../shared-descriptors.ts'

interface State {
  readonly generation: Generation
  readonly blob?: LinkedBlob
  readonly holds: readonly Hold[]
  readonly expiresAtMs: number
}

/** What several replicas share in one process, for tests: each has its own `MemorySharedDescriptors` of one of these. */
export class MemorySharedState {
  readonly listeners = new Set<MemorySharedDescriptors>()
  readonly #states = new Map<string, State>()
  readonly #nowMs: () => number
  #named = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Never the same twice. */
  name(): string {
    this.#named += 1
    return `name-${this.#named}`
  }

  get(key: string): State | undefined {
    const state = this.#states.get(key)
    return state !== undefined && state.expiresAtMs > this.#nowMs() ? state : undefined
  }

  set(key: string, state: Omit<State, 'expiresAtMs'>, lifeMs: number): void {
    this.#states.set(key, { ...state, expiresAtMs: this.#nowMs() + lifeMs })
  }

  /** As an eviction or a restart would. */
  lose(): void {
    this.#states.clear()
  }
}

/** The contract in its plainest form, for one replica; its channel can be cut. */
export class MemorySharedDescriptors implements SharedDescriptors {
  readonly #state: MemorySharedState
  readonly #listeners: InvalidationListener[] = []
  #isConnected = true

  constructor(state: MemorySharedState) {
    this.#state = state
    state.listeners.add(this)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  listen(listener: InvalidationListener): void {
    this.#listeners.push(listener)
  }

  disconnect(): void {
    this.#isConnected = false
  }

  reconnect(): void {
    this.#isConnected = true
    for (const listener of this.#listeners) listener.reconnected()
  }

  async find(repository: RepositoryName, digest: Digest): Promise<SharedLookup> {
    const key = keyOf(repository, digest)
    const state = this.#state.get(key)
    if (state === undefined) {
      const generation = this.#state.name()
      this.#state.set(key, { generation, holds: [] }, sharedLifeMs)
      return { generation }
    }
    if (state.blob !== undefined) return { blob: state.blob }
    return { generation: state.holds.length > 0 ? undefined : state.generation }
  }

  async fill(repository: RepositoryName, digest: Digest, blob: LinkedBlob, generation: Generation): Promise<boolean> {
    formatLinkedBlob(blob)
    const key = keyOf(repository, digest)
    const state = this.#state.get(key)
    if (state === undefined || state.holds.length > 0 || state.generation !== generation) return false
    this.#state.set(key, { generation, blob, holds: [] }, sharedLifeMs)
    return true
  }

  async hold(repository: RepositoryName, digest: Digest): Promise<Hold> {
    const key = keyOf(repository, digest)
    const hold = this.#state.name()
    const holds = [...(this.#state.get(key)?.holds ?? []), hold]
    this.#state.set(key, { generation: this.#state.name(), holds }, holdLifeMs)
    this.#tell(repository, digest)
    return hold
  }

  async release(repository: RepositoryName, digest: Digest, hold: Hold): Promise<void> {
    this.#renew(repository, digest, hold)
  }

  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    this.#renew(repository, digest)
  }

  #renew(repository: RepositoryName, digest: Digest, released?: Hold): void {
    const key = keyOf(repository, digest)
    const holds = (this.#state.get(key)?.holds ?? []).filter((hold) => hold !== released)
    this.#state.set(key, { generation: this.#state.name(), holds }, holds.length > 0 ? holdLifeMs : sharedLifeMs)
    this.#tell(repository, digest)
  }

  #tell(repository: RepositoryName, digest: Digest): void {
    for (const replica of this.#state.listeners) replica.#told(repository, digest)
  }

  #told(repository: RepositoryName, digest: Digest): void {
    if (!this.#isConnected) return
    for (const listener of this.#listeners) listener.invalidated(repository, digest)
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`
}
