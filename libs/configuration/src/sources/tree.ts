/**
 * A configuration as written, before it is checked. Each value keeps its text (`0123` may be a name) and its place.
 */
export type Tree = Scalar | Sequence | Mapping

export interface Scalar {
  readonly kind: 'scalar'
  /** The value in YAML; `undefined` is YAML's null. */
  readonly value: string | number | boolean | undefined
  readonly text: string
  readonly origin: Origin
}

interface Sequence {
  readonly kind: 'sequence'
  readonly items: readonly Tree[]
  readonly origin: Origin
}

export interface Mapping {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, Tree>
  readonly origin: Origin
}

/** `line 12` of the file, the name of an environment variable, or `built in`. */
export type Origin = string

/** Whether a key has no value. Such a key counts as not written. */
export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === undefined
}

/** Whether a tree has a value. `{}`, `[]`, `''` and null have none. */
export function isSet(tree: Tree): boolean {
  if (tree.kind === 'mapping') return [...tree.entries.values()].some(isSet)
  if (tree.kind === 'sequence') return tree.items.length > 0
  return tree.value !== undefined && tree.value !== ''
}

/** @returns `tree` with `key` set: at its place if it exists, else at the end */
export function withEntry(tree: Mapping, key: string, value: Tree): Mapping {
  return { ...tree, entries: new Map(tree.entries).set(key, value) }
}

export function emptyMapping(origin: Origin): Mapping {
  return { kind: 'mapping', entries: new Map(), origin }
}

/** The tree as plain data, for values that are passed on unchecked. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value ?? null
  if (tree.kind === 'sequence') return tree.items.map(toPlain)
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, toPlain(value)]))
}
