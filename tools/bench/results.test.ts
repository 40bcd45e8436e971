import { describe, expect, it } from 'vitest'
import { formatTables } from './report.ts'
import { median, Results } from './results.ts'
import type { Scenario } from './scenarios.ts'
import { count } from './store/operation.ts'

describe('median', () => {
  it.each([
    { values: [3], middle: 3 },
    { values: [9, 1, 5], middle: 5 },
    { values: [4, 1, 2, 9], middle: 3 },
  ])('of $values is $middle', ({ values, middle }) => {
    expect(median(values)).toBe(middle)
  })

  it('of nothing is not a number', () => {
    expect(median([])).toBeNaN()
  })
})

describe('Results', () => {
  const load = { kind: 'requests', method: 'GET', paths: [], connections: 1 } as const
  const measurement = { operations: 2000, bytes: 4e9, seconds: 2, serverCpuSeconds: 1, loadCpuSeconds: 0.5 }

  it.each([
    { unit: 'requests/s', rate: 1000, cpuSeconds: 0.5 },
    { unit: 'MB/s', rate: 2000, cpuSeconds: 0.25 },
  ] as const)('counts what the unit $unit is about', ({ unit, rate, cpuSeconds }) => {
    const scenario: Scenario = { name: 'x', unit, load }
    const results = new Results()
    results.add(scenario, 'Berth', measurement)
    expect([...results.summaries()][0]?.of.get('Berth')).toMatchObject({ rate, cpuSeconds, loadShare: 0.25 })
  })

  it('has failed where one round of one scenario has', () => {
    const results = new Results()
    results.add({ name: 'x', unit: 'MB/s', load }, 'Berth', measurement)
    expect(results.failed).toBe(false)
    results.add({ name: 'x', unit: 'MB/s', load }, 'Berth', { failure: 'refused' })
    expect(results.failed).toBe(true)
  })

  it('keeps what each step asked of the store, by contender', () => {
    const results = new Results()
    expect(results.storeRequests.size).toBe(0)
    const counts = new Map([['HEAD blob', count(['HEAD', 'GET', 'GET'])]])
    results.setStoreRequests('Berth', counts)
    results.setStoreRequests('docker-registry', new Map([['HEAD blob', count(['LIST'])]]))
    const lines = formatTables(results, ['Berth', 'docker-registry']).split('\n')
    expect(lines.find((line) => line.startsWith('HEAD blob'))).toMatch(/3 +1 +2 GET, 1 HEAD +1 LIST$/)
  })

  it('keeps the highest peak of each process', () => {
    const results = new Results()
    for (const bytes of [5, 7, 6]) results.addPeak('reading', 'Berth split', 'manifest', bytes)
    results.addPeak('reading', 'Berth split', 'api-gateway', 4)
    expect(results.peaks.get('reading')?.get('Berth split')).toEqual(
      new Map([
        ['manifest', 7],
        ['api-gateway', 4],
      ]),
    )
  })
})
