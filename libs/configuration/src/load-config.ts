import { checkChoices } from './choices.ts'
import type { Config } from './config.ts'
import { describeConfig } from './describe-config.ts'
import { defaultPathsVariable, overrideFromEnvironment, pathVariable, type Environment } from './sources/environment.ts'
import { ConfigError, Findings } from './problems.ts'
import { readNode } from './sources/read-node.ts'
import type { ValueOf } from './schema/node.ts'
import { registry } from './schema/registry.ts'
import { toConfig } from './sections/to-config.ts'
import { toRedisRoles } from './sections/to-redis.ts'
import { toRpcTls } from './sections/to-rpc.ts'
import { toTls } from './sections/to-tls.ts'
import { emptyMapping, isNull, isSet, type Tree } from './sources/tree.ts'
import { shownFile, whyUnread } from './sources/unread-file.ts'
import { parseYaml } from './sources/yaml-source.ts'

export interface ConfigSource {
  /**
   * The file. Where not given, the one that `REGISTRY_CONFIGURATION_PATH` names, else the first of `BERTH_CONFIG_PATHS`
   * that exists, else the embedded defaults.
   */
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
  notifications: 'has no effect here: only the process that has the whole registry sends events',
}

/** Whether it is a section that only some processes use. */
export function isPartialSection(name: string): name is PartialSection {
  return Object.hasOwn(partialSections, name)
}

export interface LoadedConfig {
  readonly config: Config
  /** The path of the file that was read; `undefined` for the embedded defaults. */
  readonly file: string | undefined
  /** What is ignored or has no effect, for the log. */
  readonly warnings: readonly string[]
}

type Read = ValueOf<typeof registry>

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
  const named = path ?? (environment[pathVariable] || undefined)
  const { file, text } = named === undefined ? findText(environment, readFile) : readOrThrow(named, readFile)
  const source = file === undefined ? 'embedded defaults and environment' : shownFile(file)
  const findings = new Findings()
  const tree = overrideFromEnvironment(registry, readTree(file, text, findings), environment, findings)
  const read = readNode(registry, tree, findings, pathOfKey)
  checkChoices(tree, findings)
  warnOfUnused(tree, uses, findings)
  // What could not be read has no value to look at further; the files of TLS are looked at all the same.
  if (findings.problems.length > 0) {
    lookAtFiles(read, uses, readFile, findings)
    throw new ConfigError(source, findings.problems)
  }
  const config = toConfig(withoutUnused(read, uses), readFile, findings)
  if (findings.problems.length > 0) throw new ConfigError(source, findings.problems)
  return { config: deepFreeze(config), file, warnings: findings.warnings }
}

/** Files that a process does not use need not be there. */
function withoutUnused(read: Read, uses: readonly PartialSection[]): Read {
  if (uses.includes('rpc')) return read
  return { ...read, rpc: { ...read.rpc, tls: { certificate: undefined, keyFile: undefined, clientCas: [] } } }
}

/** Finds what is wrong with the files of TLS, of those sections that could be read. */
function lookAtFiles(
  read: Read,
  uses: readonly PartialSection[],
  readFile: (path: string) => string,
  findings: Findings,
): void {
  const unread = findings.problems.map(({ path }) => path)
  const isRead = (section: string): boolean =>
    !unread.some((path) => path === '' || path.startsWith(section) || section.startsWith(`${path}.`))
  if (isRead('http.tls')) toTls(read.http.tls, readFile, findings)
  if (uses.includes('rpc') && isRead('rpc.tls')) toRpcTls(read.rpc.tls, readFile, findings)
  if (isRead('redis')) toRedisRoles(read.redis, readFile, findings)
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

/** The text of a configuration, and the file that it is from, if it is from one. */
interface Text {
  readonly file: string | undefined
  readonly text: string
}

function readTree(file: string | undefined, text: string, findings: Findings): Tree {
  const tree = parseYaml(text, findings)
  // Without a tree every other problem would only follow from this one.
  if (tree === undefined)
    throw new ConfigError(file === undefined ? 'embedded defaults' : shownFile(file), findings.problems)
  return isNull(tree) ? emptyMapping('line 1') : tree
}

/** The first of the default files that exists, else the embedded defaults. */
function findText(environment: Environment, readFile: (path: string) => string): Text {
  const paths = environment[defaultPathsVariable]?.split(':').filter((path) => path !== '') ?? []
  for (const path of paths) {
    try {
      return readOrThrow(path, readFile)
    } catch (error) {
      const isAbsent = error instanceof ConfigError && (error.cause as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isAbsent) throw error
    }
  }
  return { file: undefined, text: embedded }
}

/** @throws ConfigError that has the reason as its cause */
function readOrThrow(file: string, readFile: (path: string) => string): Text {
  try {
    return { file, text: readFile(file) }
  } catch (error) {
    const problem = { path: '', message: `cannot be read: ${whyUnread(error)}` }
    throw new ConfigError(shownFile(file), [problem], { cause: error })
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
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
