import type { Part } from '@berth/storage'

/** The parts of an upload, with those that are written after them. */
export class AppendedParts {
  readonly #all: Part[]
  readonly #written: Part[] = []

  constructor(before: readonly Part[]) {
    this.#all = [...before]
  }

  /** In the order of their bytes. */
  get all(): readonly Part[] {
    return this.#all
  }

  get written(): readonly Part[] {
    return this.#written
  }

  /** @param joined so many of the latest parts are in it */
  add(part: Part, joined: number): void {
    this.#written.push(part)
    this.#all.splice(this.#all.length - joined, joined, part)
  }
}
