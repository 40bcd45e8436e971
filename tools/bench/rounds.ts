import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { treeIn } from '../../e2e/src/storage.ts'
import type { Contender, Registry } from './contenders.ts'
import { writeFixture } from './fixture.ts'
import type { LoadProcess } from './load/load-process.ts'
import { UsageError, type Options } from './options.ts'
import { peakMemoryBytes } from './resources.ts'
import { Results, type Outcome } from './results.ts'
import {
  hugePush,
  nodeScenarios,
  parallelPushes,
  pushingScenarios,
  readingScenarios,
  type Scenario,
} from './scenarios.ts'

const mebibyte = 1024 * 1024

/** What one bench runs with; the folder is its own, and is removed by whoever made it. */
export interface Bench {
  readonly contenders: readonly Contender[]
  readonly options: Options
  readonly folder: string
  readonly load: LoadProcess
  /** Aborted to end it early. */
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

/** Loads that meet one life of a registry together. */
interface Stage {
  readonly name: string
  /** Where they find their tree; a new one each time where it is not given. */
  readonly folder?: string
  readonly scenarios: readonly Scenario[]
}

export async function runRounds(bench: Bench): Promise<Results> {
  const results = new Results()
  const stages = await prepareStages(bench)
  for (let round = 0; round < bench.options.rounds; round += 1) {
    for (const stage of stages) {
      // Alternating, so that neither always meets the machine as the other has left it.
      const order = round % 2 === 0 ? bench.contenders : bench.contenders.toReversed()
      for (const contender of order) {
        bench.progress(`round ${round + 1} of ${bench.options.rounds}: ${stage.name}, ${contender.name}`)
        await runStage(bench, stage, contender, results)
      }
    }
  }
  return results
}

async function prepareStages({ options, folder, progress }: Bench): Promise<readonly Stage[]> {
  const { quick, only } = options
  const isSplit = options.topology === 'split'
  const wanted = ({ name }: { readonly name: string }): boolean =>
    only.length === 0 || only.some((part) => name.includes(part))

  const stages: Stage[] = []
  const reading = [...readingScenarios, ...(isSplit ? nodeScenarios : [])].filter(wanted)
  if (reading.length > 0) {
    progress('writing the tree to read from')
    const shared = join(folder, 'shared')
    const fixture = writeFixture(treeIn(shared), quick ? 64 * mebibyte : 512 * mebibyte)
    const scenarios = reading.map((scenario) => ({ ...scenario, load: scenario.load(fixture) }))
    stages.push({ name: 'reading', folder: shared, scenarios })
  }
  if (options.auth !== undefined) return stages
  const pushing = pushingScenarios(quick ? 128 * mebibyte : 1024 * mebibyte).filter(wanted)
  if (pushing.length > 0) stages.push({ name: 'pushing', scenarios: pushing })
  const huge = [hugePush(quick ? 256 * mebibyte : 2048 * mebibyte)].filter(wanted)
  if (huge.length > 0) stages.push({ name: 'pushing a huge blob', scenarios: huge })
  const parallel = (isSplit ? [parallelPushes(quick ? 32 * mebibyte : 256 * mebibyte, 32)] : []).filter(wanted)
  if (parallel.length > 0) stages.push({ name: 'pushing 32 at once', scenarios: parallel })
  if (stages.length === 0) throw new UsageError(`no load has a name that contains ${only.join(' or ')}`)
  return stages
}

async function runStage(bench: Bench, stage: Stage, contender: Contender, results: Results): Promise<void> {
  const folder = stage.folder ?? (await mkdtemp(join(bench.folder, 'new-')))
  const registry = await contender.start(folder)
  const kill = (): void => void registry.kill()
  bench.signal.addEventListener('abort', kill)
  try {
    for (const scenario of stage.scenarios) {
      await promisify(execFile)('sync') // so that none pays for what another has written
      const outcome = await runScenario(bench, scenario, registry)
      bench.signal.throwIfAborted()
      results.add(scenario, contender.name, outcome)
    }
    for (const { name, pid } of registry.processes) {
      results.addPeak(stage.name, contender.name, name, peakMemoryBytes(pid))
    }
  } finally {
    bench.signal.removeEventListener('abort', kill)
    await registry.stop()
    if (stage.folder === undefined) await removeLargeFiles(folder)
  }
}

/**
 * Makes room. The small ones, which are many, stay until the end: some file systems are slow to make a file for minutes
 * after many were removed (ext4 without a journal does not use them again at once), and the next would pay for it.
 */
async function removeLargeFiles(folder: string): Promise<void> {
  await promisify(execFile)('find', [folder, '-type', 'f', '-size', '+1M', '-delete'])
}

async function runScenario({ load, options }: Bench, scenario: Scenario, registry: Registry): Promise<Outcome> {
  const { authorization } = registry
  const port = registry.ports[scenario.of ?? 'api']
  const pids = registry.processes.map(({ pid }) => pid)
  const target = { port, pids, ...(authorization !== undefined && { authorization }) }
  const durationMs = options.quick ? 500 : 3000
  const warmUpMs = options.quick ? 200 : 500
  try {
    return await load.run({ target, load: scenario.load, warmUpMs, durationMs })
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}
