import type { Origin } from './sources/tree.ts'
import { withoutCredentials } from './values/without-credentials.ts'

/** A problem of a configuration. */
export interface Problem {
  /** The key, as in `http.tls.certificate` or `uploads.keys[0].id`; `''` for the whole. Contains only known keys. */
  readonly path: string
  readonly message: string
  /** `line 12` of the file, or the environment variable that set it. */
  readonly origin?: Origin
}

/** A configuration is invalid. Has all problems, and a message for a terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(source: string, problems: readonly Problem[], options?: ErrorOptions) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
    super(
      `${count} in the configuration (${source}):\n${problems.map((each) => `  ${formatProblem(each)}`).join('\n')}`,
      options,
    )
    this.problems = problems
  }
}

function formatProblem({ path, message, origin }: Problem): string {
  const where = origin === undefined ? '' : ` (${origin})`
  return path === '' ? `${message}${where}` : `${path}: ${message}${where}`
}

/** Collects problems and warnings, so that all are reported at once. */
export class Findings {
  readonly problems: Problem[] = []
  readonly warnings: string[] = []

  problem(path: string, message: string, origin?: Origin): void {
    this.problems.push(found(path, message, origin))
  }

  warning(path: string, message: string, origin?: Origin): void {
    this.warnings.push(formatProblem(found(path, message, origin)))
  }
}

/** A message may contain a URL with a password, which is masked. */
function found(path: string, text: string, origin: Origin | undefined): Problem {
  const message = withoutCredentials(text)
  return origin === undefined ? { path, message } : { path, message, origin }
}

/** The place of an entry whose key the user chose. The key is counted, not repeated, since it may be a secret. */
export function entryPath(path: string, index: number): string {
  return `${path}.<key ${index + 1}>`
}

/**
 * Thrown by a parser of a single value. The reader of the key adds the place. The message says what is wrong, and never
 * repeats the value: it may be a secret that was written at the wrong place.
 */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue'
}
