import { StartError } from '@berth/errors'
import { loadConfig } from '@berth/configuration'
import { ConfigError } from '@berth/configuration'
import { createLogger } from '../log/create-logger.ts'
import type { Invocation } from './arguments.ts'
import { CommandMistake } from './command.ts'
import type { Host } from './host.ts'
import type { Program } from './program.ts'

/** Not 1: that is an answer, of a command that says yes or no. */
const mistake = 2

/** Runs a command. @returns the exit status */
export async function runCommand(
  { name, uses = [] }: Program,
  { command, configPath: path, positionals, options }: Invocation & { readonly kind: 'command' },
  host: Host,
): Promise<number> {
  // A command's output is for people: of the log it has errors alone.
  const log = createLogger({ level: 'error', formatter: undefined, fields: {}, accessLog: false }, host.logStream)
  const config = () =>
    loadConfig({ path, environment: host.environment, uses, readFile: (file) => host.readFile(file) }).config
  try {
    return command.run({ positionals, options, config, log, print: (text) => host.print(text) })
  } catch (error) {
    if (error instanceof CommandMistake)
      host.printError(`${name}: ${error.message}\nUsage: ${name} ${command.name} ${command.usage}\n`)
    else if (error instanceof ConfigError || error instanceof StartError) host.printError(`${name}: ${error.message}\n`)
    else throw error
    return mistake
  } finally {
    await host.logStream.flush()
  }
}
