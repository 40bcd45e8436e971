import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { startBerth } from '../berth.ts'
import { storedIn } from '../storage.ts'
import { imageNamed } from '../flow-player/content.ts'
import { pushImage } from '../flow-player/registry.ts'
import { type Answer, Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { type Ending, exchangeRaw } from './raw-http.ts'

/** What a client is to be told. */
export interface Refusal {
  readonly status: number
  /** Of the API's errors; none where it is HTTP itself that was broken. */
  readonly code?: string
  /** What the detail must name. */
  readonly names?: string
}

/** The image that is there before anything bad comes. */
export const sound = imageNamed('sound')
export const soundRepository = 'sound/image'

/** One Berth, with one image in it, for all tests of a file. Whatever comes must leave no trace and no line in its log. */
export function useTarget() {
  let folder = ''
  let berth: RegistryProcess
  let wire: Wire
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-bad-input-'))
    berth = await startBerth({ folder })
    wire = new Wire(berth.host, {})
    await pushImage(wire, soundRepository, 'v1', sound)
  })
  afterAll(async () => {
    wire.close()
    const { code } = await berth.stop()
    await rm(folder, { recursive: true, force: true })
    expect({ code, output: berth.output() }).toEqual({ code: 0, output: '' })
  })

  return {
    /** Starts an upload in the sound repository, and says where it is: a path with a query. */
    async startUpload(repository = soundRepository): Promise<string> {
      const { headers } = await wire.send('POST', `/v2/${repository}/blobs/uploads/`)
      return String(headers.location)
    },

    send(method: string, target: string): Promise<Answer> {
      return wire.send(method, target)
    },

    /** Sends the bytes, and tells what came of it. */
    async told(bytes: Buffer | string, ending: Ending = 'open'): Promise<Told> {
      const before = await visibleIn(folder)
      const answers = await exchangeRaw(berth.port, bytes, ending)
      // The answer on another connection comes after whatever the last one has set off.
      expect((await wire.send('GET', '/v2/')).status).toBe(200)
      const changes = differences(before, await visibleIn(folder))
      const statuses = answers.map(({ status }) => status)
      return { statuses, changes, ...errorsIn(answers.at(-1)?.body ?? '') }
    },
  }
}

/** What came of bytes that were sent. */
export interface Told {
  readonly statuses: readonly number[]
  /** Of the first error. */
  readonly code?: string | undefined
  /** Of all errors, as they were sent. */
  readonly details?: string
  /** Paths in storage whose content could be served, and is not what it was before. */
  readonly changes: readonly string[]
}

/** Matches one answer that says this, after which all is as it was. */
export function refusal({ status, code, names = '' }: Refusal): object {
  const error = code === undefined ? {} : { code, details: expect.stringContaining(names) as unknown }
  return { statuses: [status], ...error, changes: [] }
}

function errorsIn(body: string): Pick<Told, 'code' | 'details'> {
  if (!body.startsWith('{"errors":')) return {}
  const { errors } = JSON.parse(body) as { errors: { code: string; detail: unknown }[] }
  return { code: errors[0]?.code, details: JSON.stringify(errors.map(({ detail }) => detail)) }
}

type Files = ReadonlyMap<string, string>

function differences(before: Files, after: Files): string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => before.get(path) !== after.get(path))
}

/** All that clients can be served, by path: uploads in progress and Berth's own records are not. */
async function visibleIn(folder: string): Promise<Files> {
  const stored = await storedIn(folder, 'docker/registry/v2')
  return new Map([...stored].filter(([path]) => !path.includes('/_uploads/')))
}
