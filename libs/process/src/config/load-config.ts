import { checkChoices } from './choices.ts'
import type { Config } from './config.ts'
import { describeConfig } from './describe-config.ts'
import { overrideFromEnvironment, pathVariable, type Environment } from './environment.ts'
import { ConfigError, Findings } from './problems.ts'
import { readNode } from './read-node.ts'
import { registry } from './schema/registry.ts'
import { toConfig } from './to-config.ts'
import { toTls } from './to-tls.ts'
import { emptyMapping, isNull, isSet, type Tree } from './tree.ts'
import { parseYaml } from './yaml-source.ts'

export interface ConfigSource {
  /** The file; where not given, the one that `REGISTRY_CONFIGURATION_PATH` names; without either, the embedded defaults. */
  readonly path?: string | undefined
  readonly environment: Environment
  /** Sections that this process uses, of those that not every process does. */
  readonly uses?: readonly PartialSection[]
  /** Reads a file as text. Throws where it cannot. */
  readonly readFile: (path: string) => string
}

/** A section that only some processes use: elsewhere it has no effect, and a warning says so. */
export type PartialSection = keyof typeof partialSections

const partialSections = {
  rpc: 'belongs to the split services and has no effect here',
  services: 'belongs to the split services and has no effect here',
}

/** Whether it is a section that only some processes use. */
export function isPartialSection(name: string): name is PartialSection {
  return Object.hasOwn(partialSections, name)
}

export interface LoadedConfig {
  readonly config: Config
  /** What is ignored or has no effect, for the log. */
  readonly warnings: readonly string[]
}

const embedded = `version: 0.1
storage:
  filesystem:
    rootdirectory: ./data
  cache:
    blobdescriptor: inmemory
http:
  addr: :5000
`

/**
 * Reads Distribution's YAML, then its environment overrides, and checks all of it. The configuration is frozen.
 *
 * @throws ConfigError with every problem, if there is one
 */
export function loadConfig({ path, environment, readFile, uses = [] }: ConfigSource): LoadedConfig {
  const file = path ?? (environment[pathVariable] || undefined)
  const source = file ?? 'embedded defaults and environment'
  const findings = new Findings()
  const tree = overrideFromEnvironment(registry, readSource(file, readFile, findings), environment, findings)
  const read = readNode(registry, tree, findings, pathOfKey)
  checkChoices(tree, findings)
  warnOfUnused(tree, uses, findings)
  // What could not be read has no value to look at further; the files of TLS are looked at all the same.
  if (findings.problems.length > 0) {
    const isTlsRead = !findings.problems.some(
      ({ path }) => path === '' || path === 'http' || path.startsWith('http.tls'),
    )
    if (isTlsRead) toTls(read.http.tls, readFile, findings)
    throw new ConfigError(source, findings.problems)
  }
  const config = toConfig(read, readFile, findings)
  if (findings.problems.length > 0) throw new ConfigError(source, findings.problems)
  return { config: deepFreeze(config), warnings: findings.warnings }
}

function warnOfUnused(tree: Tree, uses: readonly PartialSection[], findings: Findings): void {
  if (tree.kind !== 'mapping') return
  for (const [section, because] of Object.entries(partialSections)) {
    const given = tree.entries.get(section)
    if (given !== undefined && isSet(given) && !uses.some((used) => used === section)) {
      findings.warning(section, because, given.origin)
    }
  }
}

function readSource(file: string | undefined, readFile: (path: string) => string, findings: Findings): Tree {
  const text = file === undefined ? embedded : readOrThrow(file, readFile)
  const tree = parseYaml(text, findings)
  // Without a tree every other problem would only follow from this one.
  if (tree === undefined) throw new ConfigError(file ?? 'embedded defaults', findings.problems)
  return isNull(tree) ? emptyMapping('line 1') : tree
}

function readOrThrow(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${reason}` }])
  }
}

function pathOfKey(key: string): string | undefined {
  for (const { path } of describeConfig()) {
    const parts = path.split('.')
    const index = parts.indexOf(key)
    if (index >= 0) return parts.slice(0, index + 1).join('.')
  }
  return undefined
}

function deepFreeze<T>(value: T): T {
  // A frozen regular expression could not be matched by everything that matches one.
  if (typeof value !== 'object' || value === null || value instanceof RegExp || Object.isFrozen(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
