import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JoinStep, planJoin, type Slice, type Source } from './join-plan.ts'
import { largestPart, leastPart, mostParts } from '../s3-settings.ts'

const mebibyte = 1024 * 1024
const copySize = 32 * mebibyte
const sources = (...sizes: readonly number[]): Source[] => sizes.map((size, index) => ({ key: `part.${index}`, size }))
const slicesOf = (step: JoinStep): readonly Slice[] => ('copy' in step ? [step.copy] : step.send)
const sizeOf = (step: JoinStep): number => slicesOf(step).reduce((sum, { range }) => sum + range.end - range.start, 0)

const anySize = fc.oneof(
  fc.nat(2 * leastPart),
  fc.integer({ min: leastPart - 2, max: leastPart + 2 }),
  fc.nat(200 * mebibyte),
  fc.nat(20 * 1024 * mebibyte),
)

describe('planJoin', () => {
  it('has every byte once, in parts that a store accepts, whatever is joined', () => {
    fc.assert(
      fc.property(fc.array(anySize, { maxLength: 40 }), (sizes) => {
        const given = sources(...sizes)
        const steps = planJoin(given, copySize)
        const expected = given.filter(({ size }) => size > 0).map(({ key, size }) => [key, 0, size])
        const covered: [string, number, number][] = []
        for (const { source, range } of steps.flatMap(slicesOf)) {
          const last = covered.at(-1)
          if (last?.[0] === source.key && last[2] === range.start) last[2] = range.end
          else covered.push([source.key, range.start, range.end])
        }
        expect(covered).toEqual(expected)
        expect(steps.length).toBeLessThanOrEqual(mostParts)
        for (const step of steps.slice(0, -1)) expect(sizeOf(step)).toBeGreaterThanOrEqual(leastPart)
        for (const step of steps) expect(sizeOf(step)).toBeLessThanOrEqual(largestPart)
      }),
    )
  })

  it('sends no more again at a time than a few least parts', () => {
    fc.assert(
      fc.property(fc.array(anySize, { maxLength: 40 }), (sizes) => {
        const sent = planJoin(sources(...sizes), copySize).filter((step) => 'send' in step)
        expect(Math.max(0, ...sent.map(sizeOf))).toBeLessThan(3 * leastPart)
      }),
    )
  })

  it('leaves to the store what is long enough', () => {
    const steps = planJoin(sources(40 * mebibyte, 6 * mebibyte, 1000), copySize)
    expect(steps.map((step) => 'copy' in step)).toEqual([true, true, true, true])
    expect(steps.map(sizeOf)).toEqual([20 * mebibyte, 20 * mebibyte, 6 * mebibyte, 1000])
  })

  it('fills up a short one from what follows it', () => {
    const [first, second] = planJoin(sources(mebibyte, 20 * mebibyte), copySize)
    expect(first).toMatchObject({ send: [{}, { range: { start: 0, end: 4 * mebibyte } }] })
    expect(second).toMatchObject({ copy: { range: { start: 4 * mebibyte, end: 20 * mebibyte } } })
  })

  it('joins ten thousand parts by fewer requests than there may be', () => {
    const steps = planJoin(sources(...Array.from({ length: 10_000 }, () => 4 * mebibyte)), copySize)
    expect(steps).toHaveLength(5000)
  })
})
