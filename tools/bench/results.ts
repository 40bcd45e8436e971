import type { ContenderName } from './contenders.ts'
import type { Measurement } from './load/job.ts'
import type { Scenario } from './scenarios.ts'
import type { Counts } from './store/operation.ts'

export type Outcome = Measurement | { readonly failure: string }

/** What one contender reached in one scenario, over all rounds. */
export interface Summary {
  /** In the scenario's unit: the median, and each round. */
  readonly rate: number
  readonly rates: readonly number[]
  /** Of the server's processes: per GB where the unit is MB/s, per 1,000 operations otherwise. Median. */
  readonly cpuSeconds: number
  /** How much of one core the load took: near 1, the load was the limit. Median. */
  readonly loadShare: number
  /** Of content in one operation, which tells whether both did the same. */
  readonly bytesPerOperation: number
  readonly failures: readonly string[]
}

/** All that was measured. */
export class Results {
  readonly #outcomes = new Map<
    Scenario['name'],
    { readonly scenario: Scenario; readonly of: Map<ContenderName, Outcome[]> }
  >()
  readonly #peaks = new Map<string, Map<ContenderName, Map<string, number>>>()
  readonly #storeRequests = new Map<ContenderName, ReadonlyMap<string, Counts>>()

  add(scenario: Scenario, contender: ContenderName, outcome: Outcome): void {
    const entry = this.#outcomes.get(scenario.name) ?? { scenario, of: new Map<ContenderName, Outcome[]>() }
    this.#outcomes.set(scenario.name, entry)
    entry.of.set(contender, [...(entry.of.get(contender) ?? []), outcome])
  }

  /** Keeps the highest peak of the rounds. */
  addPeak(during: string, contender: ContenderName, process: string, bytes: number): void {
    const of = this.#peaks.get(during) ?? new Map<ContenderName, Map<string, number>>()
    this.#peaks.set(during, of)
    const peaks = of.get(contender) ?? new Map<string, number>()
    of.set(contender, peaks)
    peaks.set(process, Math.max(bytes, peaks.get(process) ?? 0))
  }

  /** @param counts by step */
  setStoreRequests(contender: ContenderName, counts: ReadonlyMap<string, Counts>): void {
    this.#storeRequests.set(contender, counts)
  }

  *summaries(): Iterable<{ readonly scenario: Scenario; readonly of: ReadonlyMap<ContenderName, Summary> }> {
    for (const { scenario, of } of this.#outcomes.values()) {
      yield { scenario, of: new Map([...of].map(([name, outcomes]) => [name, summarise(scenario, outcomes)])) }
    }
  }

  /** Whether anything went wrong in any scenario. */
  get failed(): boolean {
    return [...this.#outcomes.values()].some(({ of }) =>
      [...of.values()].flat().some((outcome) => 'failure' in outcome),
    )
  }

  /** By stage, contender, and process. */
  get peaks(): ReadonlyMap<string, ReadonlyMap<ContenderName, ReadonlyMap<string, number>>> {
    return this.#peaks
  }

  /** By contender and step, where they were counted. */
  get storeRequests(): ReadonlyMap<ContenderName, ReadonlyMap<string, Counts>> {
    return this.#storeRequests
  }
}

function summarise({ unit }: Scenario, outcomes: readonly Outcome[]): Summary {
  const measured = outcomes.filter((outcome): outcome is Measurement => !('failure' in outcome))
  const isContent = unit === 'MB/s'
  const rates = measured.map((m) => (isContent ? m.bytes / 1e6 : m.operations) / m.seconds)
  return {
    rate: median(rates),
    rates,
    cpuSeconds: median(measured.map((m) => m.serverCpuSeconds / (isContent ? m.bytes / 1e9 : m.operations / 1000))),
    loadShare: median(measured.map((m) => m.loadCpuSeconds / m.seconds)),
    bytesPerOperation: median(measured.map((m) => m.bytes / m.operations)),
    failures: outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure] : [])),
  }
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}
