import { RE2JS, RE2JSSyntaxException } from 're2js'
import { InvalidValue } from '../problems.ts'

/**
 * A regular expression in Go's syntax and with its meaning, which is RE2's. A search takes time linear in the length of
 * the text, so that an expression of the configuration may be tried on what a client sends.
 */
export class GoRegExp {
  readonly #compiled: RE2JS

  /** @throws InvalidValue: Go would refuse it */
  constructor(source: string) {
    try {
      this.#compiled = RE2JS.compile(source)
    } catch (error) {
      if (!(error instanceof RE2JSSyntaxException)) throw error
      throw new InvalidValue(`is not a regular expression: ${error.getDescription()}`, { cause: error })
    }
  }

  /** Whether the expression matches anywhere in the text. */
  test(text: string): boolean {
    return this.#compiled.test(text)
  }

  toString(): string {
    return this.#compiled.pattern()
  }
}

/** @throws InvalidValue: Go would refuse it */
export function parseGoRegExp(text: string): GoRegExp {
  return new GoRegExp(text)
}
