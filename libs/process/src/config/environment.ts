import { Findings, InvalidValue } from './problems.ts'
import { expandWord } from './read-node.ts'
import { keysOf, type Node, type Section } from './schema/node.ts'
import { emptyMapping, isNull, withEntry, type Mapping, type Tree } from './tree.ts'
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
    const read = new Findings()
    const value = parseYaml(environment[variable] ?? '', read, variable)
    if (value === undefined) {
      findings.problems.push(...read.problems)
      return before
    }
    try {
      return set(schema, before, parts, value)
    } catch (error) {
      if (error instanceof UnknownField)
        findings.warnings.push(`Ignoring unrecognized environment variable ${variable}`)
      else if (error instanceof InvalidValue) findings.problem('', error.message, variable)
      else throw error
      return before
    }
  }, tree)
}

class UnknownField extends Error {
  override readonly name = 'UnknownField'
}

/** @returns what stood at `node`, with `value` at the place below it that `parts` name */
function set(node: Node | undefined, before: Tree | undefined, parts: readonly string[], value: Tree): Tree {
  const inner = node?.kind === 'optional' ? node.section : node
  const [part, ...rest] = parts
  if (part === undefined) return inner === undefined ? value : expandWord(inner, value)
  const current =
    before === undefined || isNull(before) ? undefined : inner === undefined ? before : expandWord(inner, before)
  if (inner?.kind === 'leaf') throw new UnknownField()
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

function setField(node: Section, mapping: Mapping, part: string, rest: readonly string[], value: Tree): Tree {
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
  value: Tree,
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
