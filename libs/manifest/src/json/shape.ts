import { goName } from './go-name.ts'
import type { Name } from './json-scanner.ts'

/**
 * Which values of a document are read, and kept. Where a document has another kind of value than its shape, the reader
 * gives `{}` for an object, `[]` for a list, and any other value as it is: to refuse it is for the rules.
 */
export type Shape =
  /** Text, a number, `true` or `false`. */
  | { readonly kind: 'value' }
  /** A number that must be written as an integer. */
  | { readonly kind: 'integer' }
  /** A value of which only the kind matters: text is given as `''`. */
  | { readonly kind: 'unread' }
  /** A small value of any kind, with all that is in it. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'list'; readonly of: Shape }
  /** An object whose names are free text. */
  | { readonly kind: 'map'; readonly of: Shape }
  | ObjectShape

/** An object whose names have a meaning. Members of other names are skipped. */
export interface ObjectShape {
  readonly kind: 'object'
  readonly names: readonly Name[]
  readonly members: ReadonlyMap<string, Shape>
  /** The members' names, by what Go compares them as. */
  readonly byGoName: ReadonlyMap<string, string>
}

export const value: Shape = { kind: 'value' }
export const integer: Shape = { kind: 'integer' }
export const unread: Shape = { kind: 'unread' }
export const whole: Shape = { kind: 'whole' }

export function listOf(of: Shape): Shape {
  return { kind: 'list', of }
}

export function mapOf(of: Shape): Shape {
  return { kind: 'map', of }
}

export function objectOf(members: Readonly<Record<string, Shape>>): ObjectShape {
  const texts = Object.keys(members)
  return {
    kind: 'object',
    names: texts.map((text) => ({ text, bytes: Buffer.from(text) })),
    members: new Map(Object.entries(members)),
    byGoName: new Map(texts.map((text) => [goName(text), text])),
  }
}
