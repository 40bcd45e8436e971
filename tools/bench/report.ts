import { cpus, release, totalmem } from 'node:os'
import type { Contender } from './contenders.ts'
import type { Options } from './options.ts'
import type { Results, Summary } from './results.ts'
import type { Scenario } from './scenarios.ts'

/** The figures as tables for a terminal. */
export function formatTables(results: Results): string {
  const rows = [...results.summaries()].map(({ scenario, of }) => {
    const [berth, peer] = [of.get('Berth'), of.get('docker-registry')]
    return [
      scenario.name,
      scenario.unit,
      formatRate(berth),
      formatRate(peer),
      formatRatio(berth?.rate, peer?.rate),
      formatCpu(berth),
      formatCpu(peer),
      scenario.unit === 'MB/s' ? 'per GB' : 'per 1,000',
      berth === undefined ? '' : `${Math.round(berth.loadShare * 100)} %`,
    ]
  })
  const speed = formatTable(
    ['load', 'unit', 'Berth', 'docker-registry', 'ratio', 'CPU s Berth', 'CPU s peer', '', 'load busy'],
    rows,
  )
  const memory = formatTable(
    ['peak memory', 'Berth', 'docker-registry'],
    [...results.peaks].map(([during, of]) => [
      during,
      formatMemory(of.get('Berth')),
      formatMemory(of.get('docker-registry')),
    ]),
  )
  return [speed, memory, ...notes(results)].join('\n\n')
}

/** All figures, each round's included, with what they were taken on. */
export function toJson(results: Results, contenders: readonly Contender[], options: Options): object {
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
      ratio: ratio(of.get('Berth')?.rate, of.get('docker-registry')?.rate),
    })),
    peakMemoryBytes: Object.fromEntries([...results.peaks].map(([during, of]) => [during, Object.fromEntries(of)])),
  }
}

/** What a reader should know before believing the figures. */
function notes(results: Results): readonly string[] {
  return [...results.summaries()].flatMap(({ scenario, of }) => [
    ...differentContent(scenario, of.get('Berth'), of.get('docker-registry')),
    ...[...of].flatMap(([name, { failures }]) => failures.map((why) => `${scenario.name}: ${name} failed: ${why}`)),
  ])
}

function differentContent(scenario: Scenario, berth?: Summary, peer?: Summary): readonly string[] {
  if (berth === undefined || peer === undefined) return []
  const [a, b] = [berth.bytesPerOperation, peer.bytesPerOperation]
  if (Math.abs(a - b) <= 0.02 * Math.max(a, b) || Number.isNaN(a - b)) return []
  return [`${scenario.name}: not the same answer: ${Math.round(a)} bytes from Berth, ${Math.round(b)} from its peer`]
}

function ratio(berth: number | undefined, peer: number | undefined): number | undefined {
  const value = (berth ?? Number.NaN) / (peer ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

function formatRatio(berth: number | undefined, peer: number | undefined): string {
  const value = ratio(berth, peer)
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
