import { Findings, InvalidValue } from './problems.ts'
import { expandWord } from './read-node.ts'
import { keysOf, type Node, type Section } from './schema/node.ts'
import { emptyMapping, isNull, withEntry, type Mapping, type Origin, type Tree } from './tree.ts'
import { parseYaml } from './yaml-source.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Names the file to read, and is no key. */
export const pathVariable = 'REGISTRY_CONFIGURATION_PATH'

const prefix = 'REGISTRY_'

/**
 * Applies Distribution's overrides: `REGISTRY_HTTP_TLS_KEY` sets `http.tls.key`. The parts of a name are names of Go
 * fields, keys of maps, or (as in v3) indices of lists; the value is YAML; the order is that of the names' bytes, so a
 * section is replaced before its keys are set. A field that does not exist is a warning: service links of Kubernetes
 * look like overrides.
 */
export function overrideFromEnvironment(
  schema: Section,
  tree: Tree,
  environment: Environment,
  findings: Findings,
): Tree {
  const names = Object.keys(environment).filter((name) => name.startsWith(prefix) && name !== pathVariable)
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return names.reduce((before, variable) => {
    const parts = variable.slice(prefix.length).toUpperCase().split('_')
    try {
      return set(schema, before, parts, readValue(variable, environment[variable] ?? ''))
    } catch (error) {
      if (error instanceof UnknownField)
        findings.warnings.push(`Ignoring unrecognized environment variable ${variable}`)
      else if (error instanceof InvalidValue) findings.problem('', error.message, variable)
      else throw error
      return before
    }
  }, tree)
}

/** What a variable holds, as YAML and as it is. */
interface Value {
  readonly text: string
  readonly origin: Origin
  /** `undefined` where the text is not YAML, for the reason that is given. */
  readonly tree: Tree | undefined
  readonly reason: string
}

class UnknownField extends Error {
  override readonly name = 'UnknownField'
}

function readValue(variable: string, text: string): Value {
  const read = new Findings()
  const tree = parseYaml(text, read, variable)
  return { text, origin: variable, tree, reason: read.problems[0]?.message ?? '' }
}

/** The value as `node` takes it. A single value is never more than its text: `[::1]:5000` is an address, not a list. */
function treeOf({ text, origin, tree, reason }: Value, node: Node | undefined): Tree {
  if (node?.kind === 'leaf' && tree?.kind !== 'scalar') return { kind: 'scalar', value: text, text, origin }
  if (tree === undefined) throw new InvalidValue(reason)
  return node === undefined ? tree : expandWord(node, tree)
}

/** @returns what stood at `node`, with `value` at the place below it that `parts` name */
function set(node: Node | undefined, before: Tree | undefined, parts: readonly string[], value: Value): Tree {
  const inner = node?.kind === 'optional' ? node.section : node
  const [part, ...rest] = parts
  if (part === undefined) return treeOf(value, inner)
  if (inner?.kind === 'leaf') throw new UnknownField()
  const given = before === undefined || isNull(before) ? undefined : before
  const current = given === undefined || inner === undefined ? given : expandWord(inner, given)
  if (inner?.kind === 'list' || current?.kind === 'sequence') {
    return setItem(inner?.kind === 'list' ? inner.item : undefined, current, part, rest, value)
  }
  const mapping = current ?? emptyMapping(value.origin)
  if (mapping.kind !== 'mapping') throw new UnknownField()
  if (inner?.kind === 'section' && !inner.isMap) return setField(inner, mapping, part, rest, value)
  const known = inner?.kind === 'section' ? keysOf(inner) : []
  const key = [...mapping.entries.keys()].find((each) => each.toUpperCase() === part) ?? part.toLowerCase()
  const child = inner?.kind === 'dictionary' ? inner.value : known.find(([each]) => each === key)?.[2]
  return withEntry(mapping, key, set(child, mapping.entries.get(key), rest, value))
}

function setField(node: Section, mapping: Mapping, part: string, rest: readonly string[], value: Value): Tree {
  const [key, , child] = keysOf(node).find(([each, , { field }]) => (field ?? each).toUpperCase() === part) ?? []
  if (key === undefined) {
    if (node.embedded.includes(part) && rest.length > 0) return set(node, mapping, rest, value)
    throw new UnknownField()
  }
  return withEntry(mapping, key, set(child, mapping.entries.get(key), rest, value))
}

function setItem(
  item: Node | undefined,
  before: Tree | undefined,
  part: string,
  rest: readonly string[],
  value: Value,
): Tree {
  if (before !== undefined && before.kind !== 'sequence') throw new UnknownField()
  const items = before?.items ?? []
  if (!/^\d+$/.test(part)) throw new InvalidValue(`non-numeric index: ${part}`)
  const index = Number(part)
  if (index > items.length) throw new InvalidValue(`undefined index: ${part}`)
  const changed = [...items]
  changed[index] = set(item, items[index], rest, value)
  return { kind: 'sequence', items: changed, origin: before?.origin ?? value.origin }
}
