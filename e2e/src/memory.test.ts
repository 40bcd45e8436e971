import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from './berth.ts'
import { peakMemory } from './peak-memory.ts'
import type { RegistryProcess } from './registry-process.ts'
import { storage } from './storage.ts'

const MiB = 1024 * 1024
const piece = Buffer.alloc(MiB, 'berth')
const pieces = 2048

/** MiB, of each process. What goes to a bucket is held until the store has it. */
const mostWhilePushed = storage === 's3' ? 300 : 200
/** Buffers that were let go are there until they are collected, which comes late where others have the processors. */
const mostWhilePulled = 320

let folder: string
let berth: RegistryProcess
let digest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-memory-'))
  // All goes through the process.
  berth = await startBerth({ folder, settings: { storage: { redirect: { disable: true } } } })
  const hash = createHash('sha256')
  for (let index = 0; index < pieces; index += 1) hash.update(piece)
  digest = `sha256:${hash.digest('hex')}`
})

afterAll(async () => {
  await berth.kill()
  await rm(folder, { recursive: true, force: true })
})

async function send(options: RequestOptions, body?: Readable): Promise<IncomingMessage> {
  const outgoing = request({ host: '127.0.0.1', port: berth.port, ...options })
  const answered = once(outgoing, 'response')
  if (body === undefined) outgoing.end()
  else await pipeline(body, outgoing)
  const [response] = (await answered) as [IncomingMessage]
  return response
}

// One after the other: the second pulls what the first pushed, and the peak is that of both.
describe('each process', () => {
  it(`stays below ${mostWhilePushed} MiB while 2 GiB are pushed`, async () => {
    const started = await send({ method: 'POST', path: '/v2/large/blobs/uploads/' })
    started.resume()
    const patched = await send(
      { method: 'PATCH', path: String(started.headers.location), headers: { 'Content-Length': pieces * MiB } },
      Readable.from(Array.from({ length: pieces }, () => piece)),
    )
    patched.resume()
    expect(patched.statusCode).toBe(202)
    const completed = await send({ method: 'PUT', path: `${patched.headers.location}&digest=${digest}` })
    completed.resume()
    expect(completed.statusCode).toBe(201)
    expect(await peakMemory(await berth.serving())).toBeLessThan(mostWhilePushed)
  })

  it(`stays below ${mostWhilePulled} MiB while that is pulled by one fast client and 31 slow ones`, async () => {
    const fast = pull()
    const slow = Array.from({ length: 31 }, () => pull(fast))
    const bytes = await Promise.all([fast, ...slow])
    expect(bytes[0]).toBe(pieces * MiB)
    expect(await peakMemory(await berth.serving())).toBeLessThan(mostWhilePulled)
  })
})

/** @param wait a little is read, then this is waited for, and a little more is read. @returns the bytes that came */
async function pull(wait?: Promise<unknown>): Promise<number> {
  const response = await send({ path: `/v2/large/blobs/${digest}` })
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length
    if (wait === undefined || bytes < MiB) continue
    await wait
    if (bytes > 4 * MiB) break
  }
  return bytes
}
