import { parseArgs } from 'node:util'

export type Invocation =
  | { readonly kind: 'run'; readonly configPath: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly message: string }

/** @param args what follows the program's name. `serve FILE` is how Distribution's image starts it. */
export function parseInvocation(args: readonly string[]): Invocation {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
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
