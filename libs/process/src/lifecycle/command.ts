import type { Config } from '@berth/configuration'
import type { ProcessLogger } from '../log/create-logger.ts'

/** Something that a program does once, and ends. */
export interface Command {
  /** The words that it begins with: `access explain`. */
  readonly name: string
  /** What follows them. */
  readonly usage: string
  readonly about: string
  /** Its options, beside `--config`, each with what its value is. */
  readonly options?: Readonly<Record<string, string>>
  /**
   * @returns the status that the process ends with
   * @throws CommandMistake it was called in another way than `usage` says
   * @throws ConfigError and StartError, which are told in a line
   */
  run(call: CommandCall): number
}

export interface CommandCall {
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
  /** Reads the configuration. @throws ConfigError */
  readonly config: () => Config
  readonly log: ProcessLogger
  readonly print: (text: string) => void
}

/** A command was called in another way than it can be. */
export class CommandMistake extends Error {
  override readonly name = 'CommandMistake'
}
