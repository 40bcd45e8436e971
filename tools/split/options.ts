import { parseArgs } from 'node:util'

export interface Options {
  readonly blobNodes: number
  /** The configuration, as `npm start` takes it. */
  readonly config: string | undefined
  /** Where it is written what runs, and where. */
  readonly statusFile: string | undefined
}

export const usage = `npm run start:split -- [options]

Runs the registry as services of its own on loopback: a gateway, blob nodes, a manifest service and Redis. Takes the
configuration and the environment that npm start takes; its address is the gateway's. A service that dies is started
again; Ctrl-C ends all.

  --blob-nodes N      how many blob nodes (default 3)
  --config FILE       the configuration; else the file that REGISTRY_CONFIGURATION_PATH names, else embedded defaults
  --status-file FILE  keeps what runs in FILE, as JSON: processes and addresses; it is there once all is ready
  --help              this
`

/** What the user did, rather than what went wrong: its message is all there is to say. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError for an option that there is not */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const blobNodes = Number(values['blob-nodes'])
  if (!Number.isInteger(blobNodes) || blobNodes < 1)
    throw new UsageError(`--blob-nodes is a whole number above 0, not ${values['blob-nodes']}`)
  return { blobNodes, config: values.config, statusFile: values['status-file'] }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'blob-nodes': { type: 'string', default: '3' },
        config: { type: 'string', short: 'c' },
        'status-file': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nTry --help.`)
  }
}
