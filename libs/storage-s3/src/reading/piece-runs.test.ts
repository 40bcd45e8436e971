import { describe, expect, it } from 'vitest'
import { groupPieces } from './piece-runs.ts'

const kibibyte = 1024
const head = Buffer.from('head')
const range = (start: number, end: number) => ({ start, end })

describe('the requests for several ranges', () => {
  it('is one for ranges that ascend and are close to each other, with the bytes between them', () => {
    const pieces = [head, range(0, 10), head, range(10, 20), head, range(100 * kibibyte, 101 * kibibyte), head]
    expect(groupPieces(pieces)).toEqual([{ pieces, range: range(0, 101 * kibibyte) }])
  })

  it('are several for ranges that are far from each other', () => {
    const far = 300 * kibibyte
    expect(groupPieces([head, range(0, 10), head, range(far, far + 10), head])).toEqual([
      { pieces: [head, range(0, 10), head], range: range(0, 10) },
      { pieces: [range(far, far + 10), head], range: range(far, far + 10) },
    ])
  })

  it('are several for ranges that descend or overlap', () => {
    expect(groupPieces([range(10, 20), range(0, 10), range(5, 15)]).map((run) => run.range)).toEqual([
      range(10, 20),
      range(0, 10),
      range(5, 15),
    ])
  })
})
