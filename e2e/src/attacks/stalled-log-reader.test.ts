import { execFileSync } from 'node:child_process'
import { closeSync, constants, createReadStream, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import { Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import { peakMemory } from '../peak-memory.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { until } from '../split/deployment.ts'

/** Requests whose log lines, of more than 8 KiB each, are more than a pipe and Berth hold. */
const requests = 1500
const padding = 'x'.repeat(8 * 1024)

let folder: string
let pipe: string
/** The read end of the pipe that is the registry's standard output; reading it is up to the test. */
let reader: number
let registry: RegistryProcess
let debug: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-log-'))
  pipe = join(folder, 'log')
  execFileSync('mkfifo', [pipe])
  reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(pipe, constants.O_WRONLY)
  debug = `127.0.0.1:${await freePort()}`
  registry = await startBerth({
    folder,
    topology: 'all-in-one',
    settings: {
      log: { level: 'info', accesslog: { disabled: false }, fields: { padding } },
      http: { debug: { addr: debug, prometheus: { enabled: true } } },
    },
    limits: { heapMiB: 384 },
    standardOutput: writer,
  })
  closeSync(writer)
})

afterEach(async () => {
  await registry.kill()
  closeSync(reader)
  await rm(folder, { recursive: true, force: true })
})

async function sendRequests(): Promise<void> {
  const wire = new Wire(registry.host, {})
  for (let count = 0; count < requests; count++) expect((await wire.send('GET', '/v2/')).status).toBe(200)
  wire.close()
}

async function droppedLines(): Promise<number> {
  const metrics = await (await fetch(`http://${debug}/metrics`)).text()
  return Number(/^berth_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1])
}

describe('a registry whose log is not read', () => {
  it('goes on serving, counts the lines that it drops, and says so when the log is read again', async () => {
    await sendRequests()
    const dropped = await until('lines are dropped', async () => (await droppedLines()) || undefined)
    expect(await peakMemory([registry.pid])).toBeLessThan(512)

    let text = ''
    const log = createReadStream(pipe, { fd: openSync(pipe, constants.O_RDONLY), encoding: 'utf8' })
    log.on('data', (chunk) => (text += chunk.toString()))
    await until('the log says so', async () => text.includes('log lines dropped') || undefined)
    await registry.stop()
    log.destroy()

    const lines = text.split('\n').filter((line) => line !== '')
    const parsed = lines.map((line) => JSON.parse(line) as { msg: string; lines?: number })
    const notices = parsed.filter(({ msg }) => msg.startsWith('log lines dropped'))
    expect(notices.map((notice) => notice.lines)).toEqual([dropped])
    expect(parsed.at(-1)?.msg).toBe('shutting down')
  })

  it('ends at SIGTERM without waiting for the reader', async () => {
    await sendRequests()
    expect(await registry.stop()).toEqual({ code: 0, signal: null })
  })
})
