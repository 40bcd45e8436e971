import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Topology } from '../../e2e/src/berth.ts'
import type { Storage } from '../../e2e/src/storage.ts'

export type AuthKind = 'htpasswd' | 'token'

export interface Options {
  /** Split: beside Berth in one process. */
  readonly topology: Topology
  /** Where the contenders keep what they are given. */
  readonly storage: Storage
  readonly rounds: number
  /** Parts of names; a scenario runs if its name contains one of them, or if there is none. */
  readonly only: readonly string[]
  readonly quick: boolean
  /** Berth that lets those in who have a password or a token, beside Berth that lets in everyone. */
  readonly auth: AuthKind | undefined
  /** Another checkout of Berth, which is measured beside this one. */
  readonly against: string | undefined
  /** Whether Berth is measured while it is attacked, beside Berth that is not. */
  readonly attack: boolean
  readonly peer: boolean
  /** Where the results are written as JSON. */
  readonly json: string | undefined
  /** Where the trees lie. */
  readonly folder: string
}

export const usage = `npm run bench -- [options]

Runs the same load against Berth and, where it is on the PATH, Debian's docker-registry: each in turn, in an order that
alternates, on one file system and with one configuration. Prints medians, their ratio, and the CPU time that the server
took, in all of its processes. Linux only: it reads /proc.

  --topology NAME split: Berth as services of its own, beside Berth in one process (default all-in-one: that alone);
                  pushes 8 GiB at once, too, and needs about 20 GB free and redis-server on the PATH
  --storage NAME  filesystem or s3 (default filesystem): s3 is a bucket of radosgw, started here and empty for whoever
                  pushes, with everything in memory (about 6 GB); pulls are not redirected, and what each operation
                  costs in requests of the store is counted, too
  --auth KIND     htpasswd or token: Berth with users or tokens, beside Berth that lets in everyone; what reads alone
  --against DIR   another checkout of Berth, with its dependencies installed, beside this one: what a change made slower
  --attack        Berth while clients attack it, beside Berth that nobody attacks: how much slower others are served
  --only NAME     only the loads whose name contains NAME; may be repeated
  --rounds N      how often each is run (default 3)
  --quick         one short round with small blobs: to see that it works, not to be quoted
  --no-peer       without docker-registry
  --json FILE     writes every figure to FILE
  --folder DIR    where the trees lie (default ${tmpdir()}); about 5 GB free, on the disk that is to be measured
  --help          this`

/** What the user did, rather than what went wrong: its message is all there is to say. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError for an option that there is not */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { only, quick, json, folder, help, topology, storage, auth, ...values } = parse(args)
  if (help) return 'help'
  if (topology !== 'all-in-one' && topology !== 'split')
    throw new UsageError(`--topology is all-in-one or split, not ${topology}`)
  if (storage !== 'filesystem' && storage !== 's3')
    throw new UsageError(`--storage is filesystem or s3, not ${storage}`)
  if (auth !== undefined && auth !== 'htpasswd' && auth !== 'token')
    throw new UsageError(`--auth is htpasswd or token, not ${auth}`)
  if (auth !== undefined && topology === 'split') throw new UsageError('--auth is for Berth in one process')
  if (values.attack && (auth !== undefined || values.against !== undefined || topology === 'split' || storage === 's3'))
    throw new UsageError('--attack is for Berth in one process on a file system, without --auth and --against')
  if (values.against !== undefined && auth !== undefined) throw new UsageError('--against is without --auth')
  if (storage === 's3' && (auth !== undefined || topology === 'split'))
    throw new UsageError('--storage s3 is for Berth in one process, without --auth')
  const rounds = Number(values.rounds ?? (quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new UsageError(`--rounds is a whole number above 0, not ${values.rounds}`)
  const { against, attack } = values
  const peer = auth === undefined && !attack && !values['no-peer']
  return { topology, storage, auth, against, attack, rounds, only, quick, json, folder, peer }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        topology: { type: 'string', default: 'all-in-one' },
        storage: { type: 'string', default: 'filesystem' },
        auth: { type: 'string' },
        against: { type: 'string' },
        attack: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        'no-peer': { type: 'boolean', default: false },
        json: { type: 'string' },
        folder: { type: 'string', default: tmpdir() },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`, { cause: error })
  }
}
