import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Contender, Place, Registry } from './contenders.ts'
import type { LoadProcess } from './load/load-process.ts'
import type { Options } from './options.ts'
import { peakMemoryBytes } from './resources.ts'
import { Results, type Outcome } from './results.ts'
import type { Scenario } from './scenarios.ts'
import { newPlace, plan, storeRequests, type Plan, type Stage } from './stages.ts'
import { countRequests } from './store/count-requests.ts'

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

export async function runRounds(bench: Bench): Promise<Results> {
  const results = new Results()
  bench.progress('preparing what is read')
  const { stages, shared, countsRequests } = await plan(bench.options, bench.folder)
  try {
    if (countsRequests) await countAll(bench, shared, results)
    for (let round = 0; round < bench.options.rounds; round += 1) {
      for (const stage of stages) {
        // Alternating, so that neither always meets the machine as the other has left it.
        const order = round % 2 === 0 ? bench.contenders : bench.contenders.toReversed()
        for (const contender of order) {
          bench.progress(`round ${round + 1} of ${bench.options.rounds}: ${stage.name}, ${contender.name}`)
          if (stage.reads && shared) await runStage(bench, stage, contender, shared.place, results)
          else await runAnew(bench, stage, contender, results)
        }
      }
    }
    return results
  } finally {
    await shared?.place.bucket?.close()
  }
}

async function countAll(bench: Bench, shared: Plan['shared'], results: Results): Promise<void> {
  const { folder, load, signal, contenders } = bench
  const bucket = shared?.place.bucket
  if (shared === undefined || bucket === undefined) return
  const { fixture } = shared
  for (const contender of contenders) {
    bench.progress(`${storeRequests}: ${contender.name}`)
    const counts = await countRequests({ folder, load, fixture, bucket }, contender)
    signal.throwIfAborted()
    results.setStoreRequests(contender.name, counts)
  }
}

async function runAnew(bench: Bench, stage: Stage, contender: Contender, results: Results): Promise<void> {
  const place = await newPlace(bench.options, bench.folder)
  try {
    await runStage(bench, stage, contender, place, results)
  } finally {
    await place.bucket?.close()
    await removeLargeFiles(place.folder)
  }
}

async function runStage(
  bench: Bench,
  stage: Stage,
  contender: Contender,
  place: Place,
  results: Results,
): Promise<void> {
  const registry = await contender.start(place)
  const kill = (): void => void registry.kill()
  bench.signal.addEventListener('abort', kill)
  try {
    if (stage.reads) await untilIndexed(registry)
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
  }
}

/** Waits for what is done once, by the first to find a tree that another registry has written: none pays for it later. */
async function untilIndexed({ ports, authorization }: Registry): Promise<void> {
  const headers = authorization === undefined ? {} : { Authorization: authorization }
  const { status } = await fetch(`http://127.0.0.1:${ports.api}/v2/_catalog?n=1`, { headers })
  if (status !== 200) throw new Error(`the catalog was answered with ${status}`)
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
  // A process that was just started is at its pace by then: what calls over gRPC cost halves within seconds.
  const warmUpMs = options.quick ? 200 : 3000
  try {
    return await load.run({ target, load: scenario.load, warmUpMs, durationMs })
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}
