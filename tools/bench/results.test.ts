import { describe, expect, it } from 'vitest'
import { median, Results } from './results.ts'
import type { Scenario } from './scenarios.ts'

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
