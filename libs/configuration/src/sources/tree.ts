/**
 * What a configuration says before anyone has judged it. Each value keeps the text that it was written as (`0123` may
 * be meant as a name) and where it stands, for whoever has to find it again.
 */
export type Tree = Scalar | Sequence | Mapping

export interface Scalar {
  readonly kind: 'scalar'
  /** As YAML understands it; `undefined` is its null. */
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

/** A key that is written without a value counts as one that is not written, wherever that means the same. */
export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === undefined
}

/** Whether there is anything in it: `{}`, `[]`, `''` and null say nothing. */
export function isSet(tree: Tree): boolean {
  if (tree.kind === 'mapping') return [...tree.entries.values()].some(isSet)
  if (tree.kind === 'sequence') return tree.items.length > 0
  return tree.value !== undefined && tree.value !== ''
}

/** @returns `tree` with `key` set: at its place where it is there already, else at the end */
export function withEntry(tree: Mapping, key: string, value: Tree): Mapping {
  return { ...tree, entries: new Map(tree.entries).set(key, value) }
}

export function emptyMapping(origin: Origin): Mapping {
  return { kind: 'mapping', entries: new Map(), origin }
}

/** The tree as plain data, for what is passed on unjudged. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value ?? null
  if (tree.kind === 'sequence') return tree.items.map(toPlain)
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, toPlain(value)]))
}
