import { nearest } from '../values/nearest.ts'
import { entryPath, InvalidValue, type Findings } from '../problems.ts'
import { keysOf, type Leaf, type Node, type Section, type ValueOf } from '../schema/node.ts'
import { emptyMapping, isNull, toPlain, type Mapping, type Origin, type Tree } from './tree.ts'

/**
 * Reads a tree as its schema says: defaults where nothing is written, and a finding for all that does not fit. The
 * value is to be used only if no problem was found.
 *
 * @param elsewhere for a key that is unknown where it stands, the path where it would be known
 */
export function readNode<N extends Node>(
  node: N,
  tree: Tree | undefined,
  findings: Findings,
  elsewhere: (key: string) => string | undefined = () => undefined,
): ValueOf<N> {
  return new Reader(findings, elsewhere).read(node, tree, '') as ValueOf<N>
}

/** A bare word where the schema allows it, as the mapping that it stands for. */
export function expandWord(node: Node, tree: Tree): Tree {
  if (node.kind !== 'section' || !node.mayBeWord || tree.kind !== 'scalar' || isNull(tree)) return tree
  const { text, origin } = tree
  return { kind: 'mapping', entries: new Map([[text, emptyMapping(origin)]]), origin }
}

/** Names of the kinds of a tree in messages. */
const kinds = { scalar: 'a single value', sequence: 'a list', mapping: 'a mapping' } as const

class Reader {
  readonly #findings: Findings
  readonly #elsewhere: (key: string) => string | undefined

  constructor(findings: Findings, elsewhere: (key: string) => string | undefined) {
    this.#findings = findings
    this.#elsewhere = elsewhere
  }

  read(node: Node, tree: Tree | undefined, path: string): unknown {
    const { notYet } = node
    if (notYet !== undefined && tree !== undefined && notYet.when(tree)) {
      if (notYet.effect === 'stops') this.#findings.problem(path, notYet.because, tree.origin)
      else this.#findings.warning(path, notYet.because, tree.origin)
    }
    if (node.kind === 'optional') return tree === undefined ? undefined : this.read(node.section, tree, path)
    const given = tree === undefined || isUnset(tree) ? undefined : tree
    if (node.kind === 'leaf') return this.#leaf(node, given, path)
    if (node.kind === 'section') return this.#section(node, given, path)
    if (given === undefined) return node.kind === 'list' ? [] : node.kind === 'dictionary' ? {} : undefined
    if (node.kind === 'anything') return toPlain(given)
    if (node.kind === 'list') {
      if (given.kind !== 'sequence') return this.#refuse(path, `must be a list, not ${kinds[given.kind]}`, given.origin)
      return given.items.map((item, index) => this.#item(node.item, item, `${path}[${index}]`))
    }
    if (given.kind !== 'mapping') return this.#refuse(path, `must be a mapping, not ${kinds[given.kind]}`, given.origin)
    const values = [...given.entries].map(([key, value], index) => [
      key,
      this.read(node.value, value, entryPath(path, index)),
    ])
    return Object.fromEntries(values)
  }

  #item(node: Node, tree: Tree, path: string): unknown {
    if (node.kind === 'leaf' && isUnset(tree)) return this.#refuse(path, 'is empty', tree.origin)
    return this.read(node, tree, path)
  }

  #leaf(node: Leaf<unknown>, tree: Tree | undefined, path: string): unknown {
    if (tree === undefined) {
      if (node.required) this.#findings.problem(path, 'is required')
      return node.default
    }
    if (tree.kind !== 'scalar')
      return this.#refuse(path, `must be a single value (${node.type}), not ${kinds[tree.kind]}`, tree.origin)
    try {
      return node.parse(tree, (message) => this.#findings.warning(path, message, tree.origin))
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error
      return this.#refuse(path, error.message, tree.origin)
    }
  }

  #section(node: Section, tree: Tree | undefined, path: string): unknown {
    const given = tree === undefined ? emptyMapping(path) : expandWord(node, tree)
    if (given.kind !== 'mapping') return this.#refuse(path, `must be a mapping, not ${kinds[given.kind]}`, given.origin)
    this.#refuseUnknown(node, given, path)
    const values = keysOf(node).map(([key, property, child]) => [
      property,
      this.read(child, given.entries.get(key), join(path, key)),
    ])
    return Object.fromEntries(values)
  }

  #refuseUnknown(node: Section, given: Mapping, path: string): void {
    const known = keysOf(node).map(([key]) => key)
    for (const [key, value] of given.entries) {
      if (known.includes(key)) continue
      const near = nearest(key, known)
      const meant = near === undefined ? this.#elsewhere(key) : join(path, near)
      // A key that is like no known one is not repeated: it may be a secret.
      if (meant === undefined) this.#findings.problem(path, 'unknown key (not shown: it may be a secret)', value.origin)
      else this.#findings.problem(join(path, key), `unknown key; did you mean ${meant}?`, value.origin)
    }
  }

  #refuse(path: string, message: string, origin: Origin): undefined {
    this.#findings.problem(path, message, origin)
    return undefined
  }
}

/** In Distribution an empty text is the same as none. */
function isUnset(tree: Tree): boolean {
  return isNull(tree) || (tree.kind === 'scalar' && tree.value === '')
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
