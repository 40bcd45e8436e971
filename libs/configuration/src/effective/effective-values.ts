import { InvalidValue } from '../problems.ts'
import { keysOf, type Leaf, type Node, type Section } from '../schema/node.ts'
import { registry } from '../schema/registry.ts'
import { supportOf } from '../descriptions/describe-config.ts'
import { expandWord } from '../sources/read-node.ts'
import { emptyMapping, isSet, toPlain, type Origin, type Tree } from '../sources/tree.ts'
import { Secret } from '../values/secret.ts'
import { withoutCredentials } from '../values/without-credentials.ts'

/** Where a value comes from. `line` is the line of the configuration file, from 1. */
export type ValueSource =
  | { readonly kind: 'file'; readonly line: number }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'default' }

/** A value in effect, as it would be written in the file. */
export interface EffectiveValue {
  /** As in `http.tls.key` or `uploads.keys[0].id`. */
  readonly path: string
  /** The names and indices of `path`. */
  readonly steps: readonly (string | number)[]
  /** `undefined`: there is none. Secrets are instances of `Secret`, which shows itself masked. */
  readonly value: unknown
  /** Describes a default that depends on other keys or on the machine, if the key is not written. */
  readonly note: string | undefined
  readonly source: ValueSource
}

/**
 * The value of each key that has an effect, and of each other key that is written, in the order of the schema. A driver or
 * provider that is not chosen has no values. Passwords inside URLs are masked.
 *
 * @param tree the configuration as written; may have problems, and then lacks the values that no key takes
 * @param isBuiltIn whether the tree is the built-in configuration, so that its lines are no lines of a file
 */
export function effectiveValues(tree: Tree, isBuiltIn: boolean): readonly EffectiveValue[] {
  return new Walk(isBuiltIn).section(registry, tree, [])
}

/** The value of each key in a configuration that says nothing. */
export function defaultValues(): readonly EffectiveValue[] {
  return effectiveValues(emptyMapping(''), true)
}

/** The values as one tree, to print. Keys without a value are left out. */
export function effectiveTree(values: readonly EffectiveValue[]): Readonly<Record<string, unknown>> {
  const root = new Map<string | number, unknown>()
  for (const { steps, value } of values) {
    if (value === undefined) continue
    let at = root
    for (const step of steps.slice(0, -1)) {
      const next = at.get(step)
      const below = next instanceof Map ? next : new Map<string | number, unknown>()
      at.set(step, below)
      at = below
    }
    const last = steps.at(-1)
    if (last !== undefined) at.set(last, value)
  }
  return plainOf(root) as Readonly<Record<string, unknown>>
}

/** A map whose keys are indices is a list. */
function plainOf(value: unknown): unknown {
  if (!(value instanceof Map)) return value
  const entries = [...value].map(([key, below]) => [key, plainOf(below)] as const)
  const isList = entries.length > 0 && entries.every(([key]) => typeof key === 'number')
  return isList ? entries.map(([, below]) => below) : Object.fromEntries(entries)
}

type Steps = EffectiveValue['steps']

const byDefault: ValueSource = { kind: 'default' }

class Walk {
  readonly #isBuiltIn: boolean

  constructor(isBuiltIn: boolean) {
    this.#isBuiltIn = isBuiltIn
  }

  section(node: Section, tree: Tree | undefined, steps: Steps): EffectiveValue[] {
    const given = tree && expandWord(node, tree)
    const entries = given?.kind === 'mapping' ? given.entries : undefined
    return keysOf(node).flatMap(([key, , child]) => this.#node(child, entries?.get(key), [...steps, key]))
  }

  #node(node: Node, tree: Tree | undefined, steps: Steps): EffectiveValue[] {
    const given = tree !== undefined && isSet(tree) ? tree : undefined
    if (given === undefined && supportOf(node) !== 'supported') return []
    switch (node.kind) {
      case 'leaf':
        return [this.#leaf(node, given, steps)]
      case 'section':
        return this.section(node, given, steps)
      case 'optional': {
        if (tree === undefined) return []
        const values = this.section(node.section, tree, steps)
        return values.length > 0 ? values : [this.#value(steps, {}, tree.origin)]
      }
      case 'anything':
        return given === undefined ? [] : [this.#value(steps, shown(node, toPlain(given)), given.origin)]
      case 'list':
        if (given?.kind !== 'sequence') return [valueOf(steps, [], byDefault)]
        return given.items.flatMap((item, index) => this.#node(node.item, item, [...steps, index]))
      case 'dictionary':
        if (given?.kind !== 'mapping') return [valueOf(steps, {}, byDefault)]
        return [...given.entries].flatMap(([key, value]) => this.#node(node.value, value, [...steps, key]))
    }
  }

  #leaf(node: Leaf<unknown>, tree: Tree | undefined, steps: Steps): EffectiveValue {
    if (tree?.kind === 'scalar') return this.#value(steps, shown(node, formatted(node, tree)), tree.origin)
    const value = node.default === undefined ? node.defaultText : (node.format?.(node.default) ?? node.defaultText)
    return { ...valueOf(steps, value, byDefault), note: node.defaultNote }
  }

  #value(steps: Steps, value: unknown, origin: Origin): EffectiveValue {
    return valueOf(steps, value, this.#sourceOf(origin))
  }

  #sourceOf(origin: Origin): ValueSource {
    const line = /^line (\d+)$/.exec(origin)?.[1]
    if (line === undefined) return { kind: 'environment', variable: origin }
    return this.#isBuiltIn ? byDefault : { kind: 'file', line: Number(line) }
  }
}

function valueOf(steps: Steps, value: unknown, source: ValueSource): EffectiveValue {
  return { path: pathOf(steps), steps, value, note: undefined, source }
}

function pathOf(steps: Steps): string {
  return steps.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('')
}

/** The value in the one form in which equal values are equal texts; as it was written, if it is invalid. */
function formatted(node: Leaf<unknown>, tree: Tree & { readonly kind: 'scalar' }): unknown {
  if (node.format === undefined) return tree.text
  try {
    return node.format(node.parse(tree, () => {}))
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    return tree.text
  }
}

function shown(node: Node, value: unknown): unknown {
  if (node.secret) return new Secret(typeof value === 'string' ? value : JSON.stringify(value))
  return typeof value === 'string' ? withoutCredentials(value) : value
}
