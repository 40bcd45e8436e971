// What wrong logins cost those who pull: ten thousand a minute, from one address and from as many as there are logins.
// It takes (rounds + 1) × 3 × seconds and what the logins wait for in the end, half a minute each time at most.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { basic, writeUsers } from '../../e2e/src/access/htpasswd.ts'
import { startBerth } from '../../e2e/src/berth.ts'
import { imageNamed } from '../../e2e/src/flow-player/content.ts'
import { pushImage } from '../../e2e/src/flow-player/registry.ts'
import { Wire } from '../../e2e/src/flow-player/wire.ts'
import type { Sources, Statuses, WrongLogins } from './wrong-logins.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '10' }, rounds: { type: 'string', default: '3' } },
})
const seconds = numberOf('seconds', values.seconds)
const rounds = numberOf('rounds', values.rounds)
const perMinute = 10_000
const pullsPerSecond = 200
const pullers = 8
/** For what must have come by then. */
const graceMs = 30_000

interface Figures {
  readonly p50: number[]
  readonly p99: number[]
  statuses: Statuses
}

/** Of the cost that htpasswd and Distribution choose. */
const sam = { name: 'sam', password: 'baggins', hash: '$2b$10$/9y5fsGxtW1UcTr/QWpSG.MZagQ3XjSmWjdehxVL76aYna.LDAIjm' }
const situations: readonly ('nobody' | Sources)[] = ['nobody', 'one address', 'many addresses']

const folder = await mkdtemp(join(tmpdir(), 'berth-logins-'))
try {
  const settings = await writeUsers(folder)
  await appendFile(join(folder, 'htpasswd'), `\n${sam.name}:${sam.hash}\n`)
  const http = { debug: { addr: 'off' }, trustedproxies: ['127.0.0.0/8'] }
  const berth = await startBerth({ folder, settings: { ...settings, http }, topology: 'all-in-one' })
  try {
    await compare(berth.host)
  } finally {
    await berth.stop()
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function compare(host: string): Promise<void> {
  const image = imageNamed('logins')
  const owner = new Wire(host, { Authorization: basic(sam) })
  await pushImage(owner, 'logins/app', 'v1', image)
  owner.close()
  const paths = ['manifests/v1', ...image.layers.map(({ digest }) => `blobs/${digest}`)]
  const measure = async (situation: 'nobody' | Sources): Promise<{ latencies: number[]; statuses: Statuses }> => {
    if (situation === 'nobody') return { latencies: await pull(host, paths, seconds), statuses: {} }
    const attacker = await startAttacker()
    const attack = attackWith(attacker, { host, perMinute, seconds, sources: situation, name: sam.name })
    return { latencies: await pull(host, paths, seconds), statuses: await attack }
  }

  // A round that does not count: what the registry and its client compile, they compile now.
  for (const situation of situations) await measure(situation)
  const figures = new Map(
    situations.map((situation): [string, Figures] => [situation, { p50: [], p99: [], statuses: {} }]),
  )
  for (let round = 1; round <= rounds; round++)
    for (const situation of situations) {
      const of = figures.get(situation)
      if (of === undefined) continue
      const { latencies, statuses } = await measure(situation)
      of.p50.push(quantile(latencies, 0.5))
      of.p99.push(quantile(latencies, 0.99))
      of.statuses = statuses
      console.log(`round ${round}, wrong logins by ${situation}: p99 ${of.p99.at(-1)?.toFixed(2)} ms`)
    }
  report(figures)
}

/** Says all figures, and whether they are as they should be. */
function report(figures: ReadonlyMap<string, Figures>): void {
  const idle = median(figures.get('nobody')?.p99 ?? [])
  for (const [situation, { p50, p99, statuses }] of figures) {
    const ratio = median(p99) / idle
    const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
    const pulls = `p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms (${ratio.toFixed(2)}×; each round ${p99.map((ms) => ms.toFixed(2)).join(', ')})`
    console.log(
      `wrong logins by ${situation}: pulls take ${pulls}; the logins of the last round: ${answers.join(', ') || 'none'}`,
    )
    if (ratio >= 2) process.exitCode = 1
  }
}

async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not done after ${ms} ms`)), ms)
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Pulls at a steady pace, by somebody who has logged in, and returns how long each took, in milliseconds. */
async function pull(host: string, paths: readonly string[], duration: number): Promise<number[]> {
  const latencies: number[] = []
  const pullOn = async (puller: number): Promise<void> => {
    const wire = new Wire(host, { Authorization: basic(sam) })
    const everyMs = (1000 * pullers) / pullsPerSecond
    const startMs = performance.now() + (puller * everyMs) / pullers
    for (let count = 0; count * everyMs < duration * 1000; count++) {
      const dueMs = startMs + count * everyMs
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      const sentMs = performance.now()
      const { status } = await wire.send('GET', `/v2/logins/app/${paths[count % paths.length]}`)
      latencies.push(performance.now() - sentMs)
      if (status !== 200) throw new Error(`a pull was answered with ${status}`)
    }
    wire.close()
  }
  const ended = Promise.all(Array.from({ length: pullers }, (_, puller) => pullOn(puller)))
  await withinMs(duration * 1000 + graceMs, ended)
  return latencies
}

/** A process that waits to be told what to do: to start one takes a processor that others would miss. */
async function startAttacker(): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./wrong-logins.ts', import.meta.url)))
  await once(child, 'message', { signal: AbortSignal.timeout(graceMs) })
  return child
}

async function attackWith(child: ChildProcess, logins: WrongLogins): Promise<Statuses> {
  try {
    const signal = AbortSignal.timeout(logins.seconds * 1000 + graceMs)
    const answered: Promise<Statuses[]> = once(child, 'message', { signal })
    child.send(logins)
    const [statuses = {}] = await answered
    return statuses
  } finally {
    child.kill()
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${option} must be a number above 0`)
  return value
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
