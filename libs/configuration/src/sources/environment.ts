import { Findings, InvalidValue } from '../problems.ts'
import { expandWord } from './read-node.ts'
import { keysOf, type Leaf, type Node, type Section } from '../schema/node.ts'
import { emptyMapping, isNull, withEntry, type Mapping, type Origin, type Scalar, type Tree } from './tree.ts'
import { losesText, parseYaml } from './yaml-source.ts'
import { isServiceVariable } from './service-variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Names the file to read, and is no key. */
export const pathVariable = 'REGISTRY_CONFIGURATION_PATH'

/** Names files, separated by colons, of which the first that exists is read where nothing else names one. */
export const defaultPathsVariable = 'BERTH_CONFIG_PATHS'

const prefix = 'REGISTRY_'

/** Variables that Distribution does not use either, whatever they hold: the version of a file's format stays the file's. */
const unused = ['REGISTRY_VERSION']

/**
 * Applies Distribution's overrides: `REGISTRY_HTTP_TLS_KEY` sets `http.tls.key`. The parts of a name are names of Go
 * fields, keys of maps, or (as in v3) indices of lists. The value is YAML. The order is that of the names' bytes, so a
 * section is replaced before its keys are set. A variable whose name is no field, or that Kubernetes made for a service,
 * is ignored with a warning. An empty variable takes a key's value away and creates nothing.
 */
export function overrideFromEnvironment(
  schema: Section,
  tree: Tree,
  environment: Environment,
  findings: Findings,
): Tree {
  const names = Object.keys(environment).filter((name) => name.startsWith(prefix) && name !== pathVariable)
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const ofServices = names.filter((name) => isServiceVariable(name, environment[name] ?? ''))
  if (ofServices.length > 0) {
    const because = 'they have the form of variables that Kubernetes makes for a service'
    findings.warnings.push(`Ignoring environment variables because ${because}: ${ofServices.join(', ')}`)
  }
  const overrides = names.filter((name) => !ofServices.includes(name))
  return overrides.reduce((before, variable) => {
    const text = environment[variable] ?? ''
    const parts = variable.slice(prefix.length).toUpperCase().split('_')
    try {
      if (unused.includes(variable)) throw new UnknownField()
      const value = readValue(variable, text, (message) => findings.warnings.push(`${variable}: ${message}`))
      return set(schema, before, parts, value)
    } catch (error) {
      if (error instanceof NothingToUnset) return before
      if (error instanceof UnknownField)
        findings.warnings.push(`Ignoring unrecognized environment variable ${variable}`)
      else if (error instanceof InvalidValue) findings.problem('', error.message, variable)
      else throw error
      return before
    }
  }, tree)
}

/** The value of a variable, as YAML and as text. */
interface Value {
  readonly text: string
  readonly origin: Origin
  /** `undefined` where the text is not YAML, for the reason that is given. */
  readonly tree: Tree | undefined
  readonly reason: string
  /** Whether YAML leaves out a part of the text, as it does with a comment. */
  readonly losesText: boolean
  readonly warn: (message: string) => void
}

class UnknownField extends Error {
  override readonly name = 'UnknownField'
}

/** A variable is empty, and its key has no single value. */
class NothingToUnset extends Error {
  override readonly name = 'NothingToUnset'
}

function readValue(variable: string, text: string, warn: (message: string) => void): Value {
  const read = new Findings()
  const tree = parseYaml(text, read, variable)
  return { text, origin: variable, tree, reason: read.problems[0]?.message ?? '', losesText: losesText(text), warn }
}

/** The value as `node` takes it. A single value is never more than its text: `[::1]:5000` is an address, not a list. */
function treeOf(value: Value, node: Node | undefined): Tree {
  const { text, origin, tree, reason, warn } = value
  const whole: Scalar = { kind: 'scalar', value: text, text, origin }
  if (node?.kind === 'leaf' && tree?.kind !== 'scalar') return whole
  if (value.losesText) {
    if (node?.kind === 'leaf' && accepts(node, whole)) {
      warn('YAML would leave out a part of the value (" #" begins a comment); the whole text is used')
      return whole
    }
    warn('YAML leaves out a part of the value (" #" begins a comment); put the value in quotes if it belongs to it')
  }
  if (tree === undefined) throw new InvalidValue(reason)
  return node === undefined ? tree : expandWord(node, tree)
}

function accepts(node: Leaf<unknown>, value: Scalar): boolean {
  try {
    node.parse(value, () => undefined)
    return true
  } catch (error) {
    if (error instanceof InvalidValue) return false
    throw error
  }
}

/** @returns what stood at `node`, with `value` at the place below it that `parts` name */
function set(node: Node | undefined, before: Tree | undefined, parts: readonly string[], value: Value): Tree {
  const inner = node?.kind === 'optional' ? node.section : node
  const [part, ...rest] = parts
  if (part === undefined) {
    // An empty variable must not remove a section: the registry would go on without its `auth`, for instance.
    const isSingle = before?.kind === 'scalar' && (inner === undefined || inner.kind === 'leaf')
    if (value.text.trim() === '' && !isSingle) throw new NothingToUnset()
    return treeOf(value, inner)
  }
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
