import { describe, expect, it } from 'vitest'
import { createLineSink } from './line-sink.ts'

/** A sink whose reader and clock are in the test's hands. */
function sinkOf(limit = 1000) {
  const written: string[] = []
  const turns: (() => void)[] = []
  const whiles: (() => void)[] = []
  let take: (bytes: Uint8Array) => number = (bytes) => bytes.length
  const sink = createLineSink(-1, {
    limit,
    write: (bytes) => {
      const count = take(bytes)
      written.push(Buffer.from(bytes.subarray(0, count)).toString())
      return count
    },
    soon: (run) => turns.push(run),
    later: (run) => whiles.push(run),
  })
  const run = (queue: (() => void)[]) => queue.splice(0).forEach((each) => each())
  return {
    sink,
    written,
    turn: () => run(turns),
    wait: () => run(whiles),
    reader: (next: typeof take) => (take = next),
  }
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code })
}

describe('a sink of lines', () => {
  it('writes the lines of one turn at once, when it is over', () => {
    const { sink, written, turn } = sinkOf()
    sink.write('a\n')
    sink.write('b\n')
    expect(written).toEqual([])
    turn()
    expect(written).toEqual(['a\nb\n'])
    sink.write('c\n')
    turn()
    expect(written).toEqual(['a\nb\n', 'c\n'])
  })

  it('writes at once what is flushed', () => {
    const { sink, written, turn } = sinkOf()
    sink.write('last words\n')
    sink.flush()
    expect(written).toEqual(['last words\n'])
    turn()
    expect(written).toHaveLength(1)
  })

  it('goes on where a write took only a part', () => {
    const { sink, written, turn, reader } = sinkOf()
    reader((bytes) => Math.min(3, bytes.length))
    sink.write('abcdefg\n')
    turn()
    expect(written).toEqual(['abc', 'def', 'g\n'])
  })

  it('waits for a slow reader, and keeps the order', () => {
    const { sink, written, turn, wait, reader } = sinkOf()
    reader(() => fail('EAGAIN'))
    sink.write('a\n')
    turn()
    sink.write('b\n')
    reader((bytes) => bytes.length)
    wait()
    expect(written.join('')).toBe('a\nb\n')
  })

  it('drops what a reader that is too slow would make it hold, and says how much', () => {
    const { sink, written, turn, wait, reader } = sinkOf(10)
    reader(() => fail('EAGAIN'))
    sink.write('12345678\n')
    turn()
    sink.write('lost\n')
    sink.write('lost\n')
    reader((bytes) => bytes.length)
    wait()
    sink.write('kept\n')
    turn()
    expect(written.join('')).toBe('12345678\nkept\n{"level":"warn","dropped":2,"msg":"log lines dropped"}\n')
  })

  it('is silent once nobody reads', () => {
    const { sink, written, turn, reader } = sinkOf()
    reader(() => fail('EPIPE'))
    sink.write('a\n')
    turn()
    reader((bytes) => bytes.length)
    sink.write('b\n')
    turn()
    expect(written).toEqual([])
  })

  it('does not collect more than a batch in one turn', () => {
    const { sink, written } = sinkOf(1_000_000)
    const line = `${'x'.repeat(1023)}\n`
    for (let count = 0; count < 100; count++) sink.write(line)
    expect(written).toHaveLength(1)
  })
})
