import { parseArgs } from 'node:util'
import type { Command } from './command.ts'

export type Invocation =
  | { readonly kind: 'run'; readonly configPath: string | undefined }
  | {
      readonly kind: 'command'
      readonly command: Command
      readonly configPath: string | undefined
      readonly positionals: readonly string[]
      readonly options: Readonly<Record<string, string | undefined>>
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly message: string }

const options = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

/** @param args what follows the program's name. `serve FILE` is how Distribution's image starts it. */
export function parseInvocation(args: readonly string[], commands: readonly Command[] = []): Invocation {
  try {
    const command = commands.find(({ name }) => name.split(' ').every((word, at) => args[at] === word))
    if (command !== undefined) return parseCommand(command, args.slice(command.name.split(' ').length))
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    if (values.help) return { kind: 'help' }
    if (values.version) return { kind: 'version' }
    const files = positionals[0] === 'serve' ? positionals.slice(1) : positionals
    const paths = values.config === undefined ? files : [values.config, ...files]
    if (paths.length > 1) return { kind: 'mistake', message: `one configuration file, not ${paths.join(' and ')}` }
    return { kind: 'run', configPath: paths[0] }
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) }
  }
}

function parseCommand(command: Command, args: readonly string[]): Invocation {
  const own = Object.keys(command.options ?? {}).map((name) => [name, { type: 'string' as const }])
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...(Object.fromEntries(own) as Record<string, { type: 'string' }>), ...options },
  })
  const { config, help, version: _, ...given } = values
  if (help) return { kind: 'help' }
  return {
    kind: 'command',
    command,
    configPath: config,
    positionals,
    options: given as Readonly<Record<string, string | undefined>>,
  }
}
