import { randomUUID } from 'node:crypto'
import type { Part } from '@berth/storage'

/** The parts of an upload, with those that are written after them. */
export class AppendedParts {
  readonly #all: Part[]
  readonly #begun: string[] = []
  #isEmpty = true

  constructor(before: readonly Part[]) {
    this.#all = [...before]
  }

  /** In the order of their bytes. */
  get all(): readonly Part[] {
    return this.#all
  }

  /** Names of those that may be there. */
  get begun(): readonly string[] {
    return this.#begun
  }

  /** Whether none was added yet. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** @returns the name of one that is to be written */
  begin(): string {
    const name = newPartName()
    this.#begun.push(name)
    return name
  }

  /** @param joined so many of the latest parts are in it */
  add(part: Part, joined: number): void {
    this.#isEmpty = false
    this.#all.splice(this.#all.length - joined, joined, part)
  }
}

export function newPartName(): string {
  return `part.${randomUUID()}`
}
