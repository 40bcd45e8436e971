import { cpus, release, totalmem } from 'node:os'
import type { Contender, ContenderName } from './contenders.ts'
import type { Options } from './options.ts'
import type { Results, Summary } from './results.ts'
import type { Scenario } from './scenarios.ts'
import { formatCounts, totalOf } from './store/operation.ts'

/** The figures as tables for a terminal: of the first contender, with its ratio to each of the others. */
export function formatTables(results: Results, names: readonly ContenderName[]): string {
  const [subject, ...others] = names
  if (subject === undefined) return ''
  const rows = [...results.summaries()].map(({ scenario, of }) => [
    scenario.name,
    scenario.unit,
    ...names.map((name) => formatRate(of.get(name))),
    ...others.map((other) => formatRatio(of.get(subject)?.rate, of.get(other)?.rate)),
    ...names.map((name) => formatCpu(of.get(name))),
    scenario.unit === 'MB/s' ? 'per GB' : 'per 1,000',
    ...[of.get(subject)].map((summary) => (summary === undefined ? '' : `${Math.round(summary.loadShare * 100)} %`)),
  ])
  const ratios = others.map((other) => (others.length === 1 ? 'ratio' : `to ${other}`))
  const cpu = names.map((name) => `CPU s ${name}`)
  const speed = formatTable(['load', 'unit', ...names, ...ratios, ...cpu, '', 'load busy'], rows)
  return [speed, formatPeaks(results), ...formatStoreRequests(results), ...notes(results, subject, others)].join('\n\n')
}

/** A column for each process. */
function formatPeaks({ peaks }: Results): string {
  const columns = new Map<string, (during: string) => number | undefined>()
  for (const of of peaks.values())
    for (const [contender, processes] of of)
      for (const process of processes.keys()) {
        const title = processes.size === 1 ? contender : process
        columns.set(title, (during) => peaks.get(during)?.get(contender)?.get(process))
      }
  return formatTable(
    ['peak memory', ...columns.keys()],
    [...peaks.keys()].map((during) => [during, ...[...columns.values()].map((peak) => formatMemory(peak(during)))]),
  )
}

/** A line for each step: how many requests each contender made of the store, and which. */
function formatStoreRequests({ storeRequests }: Results): readonly string[] {
  const names = [...storeRequests.keys()]
  const [first] = storeRequests.values()
  if (first === undefined) return []
  const rows = [...first.keys()].map((step) => {
    const counts = names.map((name) => storeRequests.get(name)?.get(step) ?? new Map())
    return [step, ...counts.map((each) => String(totalOf(each))), ...counts.map(formatCounts)]
  })
  return [formatTable(['requests of the store', ...names, ...names.map((name) => `of ${name}`)], rows)]
}

/** All figures, each round's included, with what they were taken on. */
export function toJson(results: Results, contenders: readonly Contender[], options: Options): object {
  const [subject, ...others] = contenders.map(({ name }) => name)
  return {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), kernel: release() },
    contenders: contenders.map(({ name, version }) => ({ name, version })),
    options,
    loads: [...results.summaries()].map(({ scenario, of }) => ({
      name: scenario.name,
      unit: scenario.unit,
      cpuSecondsPer: scenario.unit === 'MB/s' ? 'GB' : '1000 operations',
      ...Object.fromEntries(of),
      ratioTo: Object.fromEntries(
        others.map((other) => [other, ratio(subject && of.get(subject)?.rate, of.get(other)?.rate)]),
      ),
    })),
    ...(results.storeRequests.size > 0 && {
      storeRequests: Object.fromEntries(
        [...results.storeRequests].map(([name, of]) => [
          name,
          Object.fromEntries([...of].map(([step, counts]) => [step, Object.fromEntries(counts)])),
        ]),
      ),
    }),
    peakMemoryBytes: Object.fromEntries(
      [...results.peaks].map(([during, of]) => [
        during,
        Object.fromEntries([...of].map(([name, processes]) => [name, Object.fromEntries(processes)])),
      ]),
    ),
  }
}

/** What a reader should know before believing the figures. */
function notes(results: Results, subject: ContenderName, others: readonly ContenderName[]): readonly string[] {
  return [...results.summaries()].flatMap(({ scenario, of }) => [
    ...others.flatMap((other) => differentContent(scenario, of, subject, other)),
    ...[...of].flatMap(([name, { failures }]) => failures.map((why) => `${scenario.name}: ${name} failed: ${why}`)),
  ])
}

function differentContent(
  scenario: Scenario,
  of: ReadonlyMap<ContenderName, Summary>,
  one: ContenderName,
  other: ContenderName,
): readonly string[] {
  const [a, b] = [of.get(one)?.bytesPerOperation, of.get(other)?.bytesPerOperation]
  if (a === undefined || b === undefined) return []
  if (Math.abs(a - b) <= 0.02 * Math.max(a, b) || Number.isNaN(a - b)) return []
  return [`${scenario.name}: not the same answer: ${Math.round(a)} bytes from ${one}, ${Math.round(b)} from ${other}`]
}

function ratio(one: number | undefined, other: number | undefined): number | undefined {
  const value = (one ?? Number.NaN) / (other ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

function formatRatio(one: number | undefined, other: number | undefined): string {
  const value = ratio(one, other)
  return value === undefined ? '' : `${value.toFixed(value < 10 ? 2 : 1)}×`
}

function formatRate(summary: Summary | undefined): string {
  if (summary === undefined) return ''
  const { rate } = summary
  if (Number.isNaN(rate)) return 'failed'
  return rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toPrecision(3)
}

function formatCpu(summary: Summary | undefined): string {
  return summary === undefined || Number.isNaN(summary.cpuSeconds) ? '' : summary.cpuSeconds.toPrecision(2)
}

function formatMemory(bytes: number | undefined): string {
  return bytes === undefined ? '' : `${Math.round(bytes / 1024 / 1024)} MiB`
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const format = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')
  return [format(head), ...rows.map(format)].map((line) => line.trimEnd()).join('\n')
}
