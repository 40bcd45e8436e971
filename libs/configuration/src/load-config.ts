import { checkChoices } from './choices.ts'
import type { Config } from './config.ts'
import { describeConfig } from './descriptions/describe-config.ts'
import { effectiveValues, type EffectiveValue } from './effective/effective-values.ts'
import { defaultPathsVariable, overrideFromEnvironment, pathVariable, type Environment } from './sources/environment.ts'
import { ConfigError, Findings, type Problem } from './problems.ts'
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
  /** Warnings about keys and variables that are ignored or have no effect, for the log. */
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
export function loadConfig(source: ConfigSource): LoadedConfig {
  const { name, file, findings, config } = readConfig(source)
  if (config === undefined) throw new ConfigError(name, findings.problems)
  return { config: deepFreeze(config), file, warnings: findings.warnings }
}

/** A configuration with everything that was found in it, for commands that show or check it. */
export interface CheckedConfig {
  /** `undefined`: there is a problem. */
  readonly config: Config | undefined
  /** The path of the file that was read; `undefined` for the embedded defaults, and for a file that cannot be read. */
  readonly file: string | undefined
  readonly warnings: readonly string[]
  readonly problems: readonly Problem[]
  /** Each value with its source. Empty if the file is not readable YAML. */
  readonly values: readonly EffectiveValue[]
}

/** Reads a configuration as {@link loadConfig} does, and returns the problems instead of throwing them. */
export function checkConfig(source: ConfigSource): CheckedConfig {
  try {
    const { file, findings, config, tree } = readConfig(source)
    const { warnings, problems } = findings
    return {
      config: config && deepFreeze(config),
      file,
      warnings,
      problems,
      values: effectiveValues(tree, file === undefined),
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: undefined, file: undefined, warnings: [], problems: error.problems, values: [] }
  }
}

/** A configuration that is readable YAML. */
interface Reading {
  /** Names the source in an error. */
  readonly name: string
  readonly file: string | undefined
  readonly findings: Findings
  /** The file and the overrides, as written. */
  readonly tree: Tree
  /** `undefined`: `findings` has a problem. */
  readonly config: Config | undefined
}

/** @throws ConfigError the file cannot be read, or is no YAML */
function readConfig({ path, environment, readFile, uses = [] }: ConfigSource): Reading {
  const named = path ?? (environment[pathVariable] || undefined)
  const { file, text } = named === undefined ? findText(environment, readFile) : readOrThrow(named, readFile)
  const name = file === undefined ? 'embedded defaults and environment' : shownFile(file)
  const findings = new Findings()
  const tree = overrideFromEnvironment(registry, readTree(file, text, findings), environment, findings)
  const read = readNode(registry, tree, findings, pathOfKey)
  checkChoices(tree, findings)
  warnOfUnused(tree, uses, findings)
  if (findings.problems.length > 0) {
    // A value that could not be read cannot be checked further. The files of TLS are checked all the same.
    lookAtFiles(read, uses, readFile, findings)
    return { name, file, findings, tree, config: undefined }
  }
  const config = toConfig(withoutUnused(read, uses), readFile, findings)
  return { name, file, findings, tree, config: findings.problems.length > 0 ? undefined : config }
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
