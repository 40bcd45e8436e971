import { RegistryError } from '@berth/errors'

/** A manifest of the largest size can hold a million wrong descriptors or URLs. Nobody reads more than this many. */
export const maxFaults = 100

/** Gathers what is wrong with a document, so that a client is told all of it at once. */
export class Faults {
  readonly #found: RegistryError[] = []

  get found(): readonly RegistryError[] {
    return this.#found
  }

  get areEnough(): boolean {
    return this.#found.length >= maxFaults
  }

  /** What `parse` returns; `undefined` where it throws a `RegistryError`, which is kept. */
  attempt<T>(parse: () => T): T | undefined {
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      this.#found.push(error)
      return undefined
    }
  }

  /** @throws RegistryError or an AggregateError of several, where anything was found */
  throwIfAny(): void {
    const [first, ...others] = this.#found
    if (first === undefined) return
    throw others.length === 0 ? first : new AggregateError(this.#found, 'several faults in one manifest')
  }
}
