import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import { InvalidValue, type Findings } from '../problems.ts'
import type { Mapping, Origin, Scalar, Tree } from './tree.ts'
import { yamlProblem } from './yaml-problems.ts'

// Aliases let a small text stand for a huge tree, or for one without an end.
const maxDepth = 64
const maxNodes = 100_000

/**
 * Reads YAML. What cannot be read is reported, with its line, and is not in the tree.
 *
 * @param variable the environment variable that the text comes from; a file's values get their lines as origin
 */
export function parseYaml(text: string, findings: Findings, variable?: string): Tree | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'error' })
  const originOf = (offset: number): Origin => variable ?? `line ${lines.linePos(offset).line}`
  for (const error of document.errors)
    findings.problem('', `not valid YAML: ${yamlProblem(error.code)}`, originOf(error.pos[0]))
  if (document.errors.length > 0) return undefined
  try {
    return new Reader(document, originOf).read(document.contents, 0, originOf(0))
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    findings.problem('', `not usable YAML: ${error.message}`, variable)
    return undefined
  }
}

/**
 * Whether YAML, where it reads a text as a single value, leaves out a part of it: a comment, a tag, or an anchor. A
 * block's indicator (`|`, `>`) counts as such a part, too.
 */
export function losesText(text: string): boolean {
  const { contents, errors } = parseDocument(text, { prettyErrors: false, logLevel: 'silent' })
  if (errors.length > 0) return false
  if (contents === null) return text.trim() !== ''
  if (!isScalar(contents)) return false
  const [start, end] = contents.range
  const isBlock = contents.type === 'BLOCK_FOLDED' || contents.type === 'BLOCK_LITERAL'
  return isBlock || text.slice(0, start).trim() !== '' || text.slice(end).trim() !== ''
}

class Reader {
  readonly #document: Document.Parsed
  readonly #originOf: (offset: number) => Origin
  #nodes = 0

  constructor(document: Document.Parsed, originOf: (offset: number) => Origin) {
    this.#document = document
    this.#originOf = originOf
  }

  read(node: unknown, depth: number, around: Origin): Tree {
    if (depth > maxDepth) throw new InvalidValue(`nested deeper than ${maxDepth} levels`)
    if (++this.#nodes > maxNodes) throw new InvalidValue(`more than ${maxNodes} values`)
    if (isAlias(node)) return this.read(node.resolve(this.#document), depth + 1, around)
    const origin = this.#origin(node, around)
    if (isSeq(node)) {
      return { kind: 'sequence', items: node.items.map((item) => this.read(item, depth + 1, origin)), origin }
    }
    if (isMap(node)) return this.#mapping(node.items, depth, origin)
    if (isScalar(node)) return scalarOf(node.value, node.source, origin)
    return { kind: 'scalar', value: undefined, text: '', origin }
  }

  #mapping(pairs: readonly { key: unknown; value: unknown }[], depth: number, origin: Origin): Mapping {
    const own = new Map<string, Tree>()
    const merged = new Map<string, Tree>()
    for (const { key, value } of pairs) {
      const at = this.#origin(key, origin)
      const tree = this.read(value, depth + 1, at)
      const name = keyText(key)
      if (name === '<<' && tree.kind !== 'scalar') mergeInto(merged, tree)
      else own.set(name, tree)
    }
    for (const [name, tree] of merged) if (!own.has(name)) own.set(name, tree)
    return { kind: 'mapping', entries: own, origin }
  }

  #origin(node: unknown, around: Origin): Origin {
    const range = (node as Node | null | undefined)?.range
    return range ? this.#originOf(range[0]) : around
  }
}

/** YAML's merge key: what is written first wins, and the mapping's own keys win over all of it. */
function mergeInto(merged: Map<string, Tree>, tree: Tree): void {
  if (tree.kind === 'sequence') for (const item of tree.items) mergeInto(merged, item)
  if (tree.kind !== 'mapping') return
  for (const [name, value] of tree.entries) if (!merged.has(name)) merged.set(name, value)
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? '')
  throw new InvalidValue('a key that is not a plain word')
}

function scalarOf(value: unknown, source: string | undefined, origin: Origin): Scalar {
  if (value === null || value === undefined) return { kind: 'scalar', value: undefined, text: '', origin }
  if (typeof value === 'string') return { kind: 'scalar', value, text: value, origin }
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    throw new InvalidValue(`a value of a kind that no key has (${origin})`)
  }
  return { kind: 'scalar', value, text: source ?? String(value), origin }
}
