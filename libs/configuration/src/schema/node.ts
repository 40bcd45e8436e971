import type { Scalar, Tree } from '../sources/tree.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Facts about a key of any kind. */
export interface Meta {
  readonly about: string
  /** The key as written, where it is not the property's name in lower case without its unit. */
  readonly key?: string
  /** The name of Distribution's Go field, by which the environment sets it, where it is not the key. */
  readonly field?: string
  /** Distribution knows the key and Berth does not act on it. */
  readonly notYet?: NotYet
  /** The value is a secret: it is masked wherever the configuration is shown. */
  readonly secret?: true
  /** Berth's own key, unknown to Distribution. Everything below such a section is Berth's own, too. */
  readonly own?: true
}

interface NotYet {
  /** Keys that restrict access or change what is served stop the start; any other is named in a warning. */
  readonly effect: 'stops' | 'warns'
  readonly because: string
  /** Whether the written value would have an effect. */
  readonly when: (tree: Tree) => boolean
}

/** A single value. */
export interface Leaf<T> extends Meta {
  readonly kind: 'leaf'
  /** Describes the values that may be written. */
  readonly type: string
  /** @throws InvalidValue */
  readonly parse: (scalar: Scalar, warn: (message: string) => void) => T
  /** The value if the key is not written. */
  readonly default: T
  /** The default as it would be written. */
  readonly defaultText: string | undefined
  /** Describes a default that depends on other keys or on the machine. */
  readonly defaultNote: string | undefined
  readonly required: boolean
  /** JSON Schema of the values that may be written, without the empty ones. */
  readonly json: JsonSchema
  /** The shortest way to write a value that was read; without it, the text as it was written. */
  readonly format?: (value: unknown) => unknown
}

export type Keys = Readonly<Record<string, Node>>

/** Keys by name: a struct in Distribution. */
export interface Section<K extends Keys = Keys> extends Meta {
  readonly kind: 'section'
  readonly keys: K
  /** Distribution has a map here: the environment may add any key, in lower case. */
  readonly isMap: boolean
  /** A bare word stands for a mapping with that one key. */
  readonly mayBeWord: boolean
  /** Names by which the environment may also reach this section's own fields (Go's embedded structs). */
  readonly embedded: readonly string[]
}

/** A section that is `undefined` where its key is not written. */
export interface Optional<S extends Section = Section> extends Meta {
  readonly kind: 'optional'
  readonly section: S
}

export interface List<N extends Node = Node> extends Meta {
  readonly kind: 'list'
  readonly item: N
}

/** Keys of the user's choice, each with a value of one kind. */
export interface Dictionary<N extends Node = Node> extends Meta {
  readonly kind: 'dictionary'
  readonly value: N
}

/** Any value, passed on as plain data. */
export interface Anything extends Meta {
  readonly kind: 'anything'
}

export type Node = Leaf<unknown> | Section | Optional | List | Dictionary | Anything

/** What reading a node gives. */
export type ValueOf<N> =
  N extends Leaf<infer T>
    ? T
    : N extends Section<infer K>
      ? { readonly [P in keyof K]: ValueOf<K[P]> }
      : N extends Optional<infer S>
        ? ValueOf<S> | undefined
        : N extends List<infer I>
          ? readonly Exclude<ValueOf<I>, undefined>[]
          : N extends Dictionary<infer V>
            ? Readonly<Record<string, ValueOf<V>>>
            : unknown

export function section<const K extends Keys>(
  meta: Meta & Partial<Pick<Section, 'isMap' | 'mayBeWord' | 'embedded'>>,
  keys: K,
): Section<K> {
  return { kind: 'section', isMap: false, mayBeWord: false, embedded: [], ...meta, keys }
}

export function optional<S extends Section>(inner: S): Optional<S> {
  return { ...metaOf(inner), kind: 'optional', section: inner }
}

export function list<N extends Node>(meta: Meta, item: N): List<N> {
  return { ...meta, kind: 'list', item }
}

export function dictionary<N extends Node>(meta: Meta, value: N): Dictionary<N> {
  return { ...meta, kind: 'dictionary', value }
}

export function anything(meta: Meta): Anything {
  return { ...meta, kind: 'anything' }
}

/** The key that a property of a section is written as: `drainTimeoutMs` is `draintimeout`. */
function keyOf(property: string, node: Node): string {
  return node.key ?? property.replace(/Ms$/, '').toLowerCase()
}

/** A section's nodes by their written keys. */
export function keysOf(node: Section): readonly (readonly [key: string, property: string, node: Node])[] {
  let known = written.get(node)
  if (known === undefined) {
    known = Object.entries(node.keys).map(([property, child]) => [keyOf(property, child), property, child] as const)
    written.set(node, known)
  }
  return known
}

const written = new WeakMap<Section, readonly (readonly [string, string, Node])[]>()

/** All but `notYet`, which the section itself still says. */
function metaOf({ about, key, field, own }: Meta): Meta {
  return { about, ...(key && { key }), ...(field && { field }), ...(own && { own }) }
}
