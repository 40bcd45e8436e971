import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DescriptorSink } from './line-sink.ts'

let folder: string
let reader: number
let writer: number

/** The sink's descriptor is the write end of a pipe, as standard output of a container is. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
})

afterEach(() => {
  for (const fd of [reader, writer]) if (fd >= 0) closeSync(fd)
  rmSync(folder, { recursive: true })
})

/** All that the pipe holds now. */
function readPipe(): string {
  let text = ''
  const buffer = Buffer.alloc(1024 * 1024)
  try {
    for (let count = -1; count !== 0; text += buffer.toString('utf8', 0, count)) count = readSync(reader, buffer)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
  }
  return text
}

/** Reads the pipe until `isDone`, as a reader does that is back. */
async function readUntil(isDone: (text: string) => boolean): Promise<string> {
  let text = ''
  while (!isDone(text)) {
    await new Promise((resolve) => setImmediate(resolve))
    text += readPipe()
  }
  return text + readPipe()
}

const line = `${'x'.repeat(1023)}\n`

describe('a sink of lines', () => {
  it('joins the lines of one turn of the event loop, and writes them in their order', async () => {
    const sink = new DescriptorSink(writer)
    sink.write('a\n')
    sink.write('b\n')
    await sink.flush()
    sink.write('c\n')
    await sink.flush()
    expect(readPipe()).toBe('a\nb\nc\n')
  })

  it('writes without being flushed', async () => {
    const sink = new DescriptorSink(writer)
    sink.write('a\n')
    expect(await readUntil((text) => text !== '')).toBe('a\n')
  })

  it('has nothing to wait for if all lines are written', async () => {
    const sink = new DescriptorSink(writer)
    expect(sink.flush()).toBeUndefined()
    sink.write('a\n')
    await sink.flush()
    expect(sink.flush()).toBeUndefined()
  })

  it('keeps the lines that a slow reader has not taken, and writes them when it reads again', async () => {
    const sink = new DescriptorSink(writer)
    for (let count = 0; count < 200; count++) sink.write(`${count} ${line}`)
    let isFlushed = false
    void sink.flush()?.then(() => (isFlushed = true))
    const text = await readUntil(() => isFlushed)
    expect(text).toBe(Array.from({ length: 200 }, (_, count) => `${count} ${line}`).join(''))
    expect(sink.droppedLines).toBe(0)
  })

  it('never holds more than its limit: it drops and counts the lines beyond it, and says so when the reader is back', async () => {
    const limit = 100 * 1024
    const sink = new DescriptorSink(writer, { limit, flushTimeoutMs: 1 })
    const reported: number[] = []
    sink.onDropped((lines) => reported.push(lines))
    for (let count = 0; count < 1000; count++) {
      sink.write(line)
      if (count % 10 === 9) await sink.flush()
    }
    const { droppedLines } = sink
    const kept = await readUntil(() => reported.length > 0)

    expect(kept.length / line.length + droppedLines).toBe(1000)
    // A pipe holds 64 KiB of its own.
    expect(kept.length).toBeLessThanOrEqual(limit + 64 * 1024)
    expect(reported).toEqual([droppedLines])
  })

  it('does not wait longer than its flush timeout for a reader that takes nothing', async () => {
    const sink = new DescriptorSink(writer, { flushTimeoutMs: 20 })
    for (let count = 0; count < 200; count++) sink.write(line)
    await sink.flush()
    // A pipe holds 64 KiB: the sink still has lines to write.
    expect(readPipe().length).toBeLessThan(200 * line.length)
  })

  it('writes nothing any more once the reader has closed the pipe', async () => {
    const sink = new DescriptorSink(writer)
    closeSync(reader)
    reader = -1
    sink.write('a\n')
    await sink.flush()
    sink.write('b\n')
    expect(sink.flush()).toBeUndefined()
  })
})

describe.runIf(existsSync('/dev/full'))('a sink whose disk is full', () => {
  it('keeps its lines, and neither fails nor waits', async () => {
    const full = openSync('/dev/full', 'w')
    const sink = new DescriptorSink(full, { flushTimeoutMs: 60_000 })
    for (const each of ['a\n', 'b\n']) {
      sink.write(each)
      await sink.flush()
    }
    closeSync(full)
    expect(sink.droppedLines).toBe(0)
  })
})

it('writes a file', async () => {
  const path = join(folder, 'log')
  const file = openSync(path, 'w')
  const sink = new DescriptorSink(file)
  sink.write('a\n')
  await sink.flush()
  closeSync(file)
  expect(readFileSync(path, 'utf8')).toBe('a\n')
})
