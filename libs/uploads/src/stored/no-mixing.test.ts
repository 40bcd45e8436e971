import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoredBlobs } from '@berth/blobs/stored'
import { ByteBudget, collect } from '@berth/bytes'
import { type Digest, digestOf, parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { layout, type StorageDriver, StorageError, type StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { FilesystemDriver } from '@berth/storage-filesystem'
import { describe, expect, it } from 'vitest'
import type { BlobUploads, UploadRef } from '../blob-uploads.ts'
import { KeyRing } from '../key-ring.ts'
import { Stall, stallingDriver } from '../suite/stalling-driver.ts'
import { body, chunkAt, cutOff, repository } from '../suite/upload-client.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'
import { StoredUploadPurge } from './stored-upload-purge.ts'

/** What a client asks, or a purge does, in the name of a letter: its bytes are that letter's. */
interface Deed {
  readonly name: string
  readonly run: (scene: Scene, letter: string) => Promise<unknown>
  /** What was received when this was acknowledged, if it received anything. */
  readonly appended?: (before: string, letter: string) => string
  /** What was made a blob when this was acknowledged. */
  readonly completed?: (before: string, letter: string) => string
}

interface Scene {
  readonly uploads: BlobUploads
  readonly storage: StorageDriver
  readonly ref: UploadRef
  /** What the upload had when the deeds began. */
  readonly before: string
}

const four = (before: string, letter: string): string => before + letter.repeat(4)

const deeds: readonly Deed[] = [
  {
    name: 'a chunk',
    run: ({ uploads, ref, before }, letter) => uploads.append(ref, chunkAt(before.length, letter.repeat(4))),
    appended: four,
  },
  {
    name: 'a body without a range',
    run: ({ uploads, ref }, letter) => uploads.append(ref, body(letter.repeat(4))),
    appended: four,
  },
  {
    name: 'a chunk that is cut off',
    run: ({ uploads, ref, before: { length: start } }, letter) =>
      uploads.append(ref, { content: cutOff(letter, letter), start, isOneOfMany: true }),
  },
  {
    name: 'a completion with a last chunk',
    run: ({ uploads, ref, before }, letter) =>
      uploads.complete(ref, digestOf(four(before, letter)), body(letter.repeat(4))),
    completed: four,
  },
  {
    name: 'a completion as it stands',
    run: ({ uploads, ref, before }) => uploads.complete(ref, digestOf(before)),
    completed: (before) => before,
  },
  {
    name: 'a completion as it stands, by sha512',
    run: ({ uploads, ref, before }) => uploads.complete(ref, digestOf(before, 'sha512')),
    completed: (before) => before,
  },
  {
    name: 'a completion with a wrong digest',
    run: ({ uploads, ref }, letter) => uploads.complete(ref, digestOf('wrong'), body(letter)),
  },
  { name: 'a cancellation', run: ({ uploads, ref }) => uploads.cancel(ref) },
]

const purging: Deed = {
  name: 'a purge',
  run: ({ storage }) => new StoredUploadPurge({ storage, nowMs: () => Date.now() + 3_600_000 }).purge(1000),
}

/** How an upload may have come to where the deeds begin: its hash native, resumable, or of nothing. */
const beginnings: readonly (readonly boolean[])[] = [[], [false], [true, true]]

const expectedEnds = ['done', 'RANGE_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID', 'connection reset']
const ignore = (): void => {}
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const keys = new KeyRing({ signing: 'k' })

async function begin(storage: StorageDriver, beginning: readonly boolean[]): Promise<Scene> {
  const uploads = new StoredBlobUploads({ storage, keys })
  let upload = await uploads.start(repository)
  for (const isOneOfMany of beginning)
    upload = await uploads.append({ repository, ...upload }, { ...body('begun-'), isOneOfMany })
  return { uploads, storage, ref: { repository, ...upload }, before: 'begun-'.repeat(beginning.length) }
}

interface Case {
  readonly storage: StorageDriver
  readonly beginning: readonly boolean[]
  /** Where the late one is held. */
  readonly step: number
  /** Whether it is never heard of again. */
  readonly dies: boolean
}

interface Played {
  readonly scene: Scene
  readonly outcomes: readonly { deed: Deed; letter: string; isDone: boolean; error: unknown }[]
}

/** Runs `late` on a node that is held at a step, `other` meanwhile on another node. `undefined`: no such step. */
async function interleave(
  late: Deed,
  other: Deed,
  { storage, beginning, step, dies }: Case,
): Promise<Played | undefined> {
  const scene = await begin(storage, beginning)
  const stall = new Stall(step)
  const uploads = new StoredBlobUploads({ storage: stallingDriver(scene.storage, stall), keys })
  const running = settled(late.run({ ...scene, uploads }, 'A'))
  const isHeld = await Promise.race([stall.reached.then(() => true), running.then(() => false)])
  const otherOutcome = await settled(other.run(scene, 'B'))
  if (!isHeld) return undefined
  if (!dies) stall.release()
  const outcomes = [{ deed: other, letter: 'B', ...otherOutcome }]
  if (!dies) outcomes.push({ deed: late, letter: 'A', ...(await running) })
  return { scene, outcomes }
}

async function settled(work: Promise<unknown>): Promise<{ isDone: boolean; error: unknown }> {
  return work.then(
    () => ({ isDone: true, error: undefined }),
    (error: unknown) => ({ isDone: false, error }),
  )
}

async function checkpointOf({ storage, ref }: Scene): Promise<Checkpoint | undefined> {
  try {
    return parseCheckpoint((await storage.readVersioned(layout.uploadCheckpointPath(repository, ref.id))).content)
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
}

async function* filesBelow(storage: StorageDriver, path: StoragePath): AsyncGenerator<StoragePath> {
  if (!(await storage.stat(path).catch(() => ({ isDirectory: false }))).isDirectory) return
  for await (const { name, isDirectory } of storage.list(path)) {
    if (isDirectory) yield* filesBelow(storage, layout.below(path, name))
    else yield layout.below(path, name)
  }
}

async function textAt(storage: StorageDriver, path: StoragePath): Promise<string> {
  return Buffer.from(await collect((await storage.read(path)).content, 1000)).toString()
}

async function expectBlobsToBeTheirDigests(storage: StorageDriver): Promise<void> {
  for await (const path of filesBelow(storage, layout.blobsRoot)) {
    const [algorithm, , encoded] = path.slice(layout.blobsRoot.length + 1).split('/')
    const digest = parseDigest(`${algorithm}:${encoded}`)
    expect(digestOf(await textAt(storage, path), algorithm === 'sha512' ? 'sha512' : 'sha256')).toBe(digest)
  }
}

async function expectBlob({ storage }: Scene, text: string, digest: Digest): Promise<void> {
  const blobs = new StoredBlobs({ storage })
  expect(Buffer.from(await collect(await blobs.read(repository, digest), 1000)).toString()).toBe(text)
}

/** The bytes of a checkpoint; `undefined` where they are placed already, and only the upload's end is missing. */
async function textOf({ storage, ref }: Scene, { parts }: Checkpoint): Promise<string | undefined> {
  try {
    const received = await collect(storage.readParts(layout.uploadRoot(repository, ref.id), parts), 1000)
    return Buffer.from(received).toString()
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
}

async function orphansOf({ storage, ref }: Scene, { parts }: Checkpoint): Promise<readonly string[]> {
  const known = new Set(parts.map(({ name }) => name))
  const names: string[] = []
  for await (const { name } of storage.list(layout.uploadRoot(repository, ref.id))) names.push(name)
  return names.filter((name) => name.startsWith('part.') && !known.has(name))
}

const algorithmOf = ({ name }: Deed): 'sha256' | 'sha512' => (name.endsWith('sha512') ? 'sha512' : 'sha256')

/** What was acknowledged is so, and what was refused was refused as the contract says. */
async function expectOutcomes({ scene, outcomes }: Played): Promise<void> {
  const { before, storage } = scene
  await expectBlobsToBeTheirDigests(storage)
  for (const { deed, letter, isDone, error } of outcomes) {
    const text = isDone ? deed.completed?.(before, letter) : undefined
    if (text !== undefined) await expectBlob(scene, text, digestOf(text, algorithmOf(deed)))
    expect(expectedEnds).toContain(isDone ? 'done' : endOf(error))
  }
  // One completion, asked for twice, succeeds twice.
  const [first, second] = outcomes
  const isOneDeed = first?.deed === second?.deed && first?.deed.completed?.(before, 'A') === before
  expect(isOneDeed ? outcomes.map(({ error }) => error) : []).toEqual(isOneDeed ? [undefined, undefined] : [])
}

function endOf(error: unknown): unknown {
  if (error instanceof RegistryError) return error.code
  return error instanceof Error ? error.message : error
}

/** What of the upload is still there is the history of one client, and can be completed. */
async function expectUploadToGoOn({ scene, outcomes }: Played, late: Deed, dies: boolean): Promise<void> {
  const { before } = scene
  const appended = outcomes.flatMap(({ deed, letter, isDone }) => (isDone && deed.appended?.(before, letter)) || [])
  expect(appended.length).toBeLessThan(2)
  const checkpoint = await checkpointOf(scene)
  if (checkpoint === undefined) return
  const text = await textOf(scene, checkpoint)
  return text === undefined
    ? expectCompletionToBeRepeatable(scene, late, checkpoint)
    : expectHistory(scene, checkpoint, { text, appended, mayHaveOrphans: dies })
}

async function expectHistory(
  scene: Scene,
  checkpoint: Checkpoint,
  { text, appended, mayHaveOrphans }: { text: string; appended: readonly string[]; mayHaveOrphans: boolean },
): Promise<void> {
  expect(text.slice(scene.before.length)).toMatch(/^(A*|B*)$/)
  expect(appended).toEqual(appended.map(() => text))
  expect(mayHaveOrphans ? [] : await orphansOf(scene, checkpoint)).toEqual([])
  const { state } = await scene.uploads.status(scene.ref)
  await scene.uploads.complete({ ...scene.ref, state }, digestOf(text))
  await expectBlob(scene, text, digestOf(text))
  await expectBlobsToBeTheirDigests(scene.storage)
}

/** The node died between placing the blob and ending the upload, and its client asks again. */
async function expectCompletionToBeRepeatable(scene: Scene, late: Deed, { size }: Checkpoint): Promise<void> {
  const placed = late.completed?.(scene.before, 'A') ?? ''
  const { state } = await scene.uploads.status(scene.ref)
  const repeated = await settled(scene.uploads.complete({ ...scene.ref, state }, digestOf(placed, algorithmOf(late))))
  const isWhole = size === placed.length
  expect(repeated.isDone).toBe(isWhole)
  expect(isWhole ? await checkpointOf(scene) : undefined).toBeUndefined()
}

/** @returns how many cases there were */
async function playAll(
  late: Deed,
  other: Deed,
  open: () => StorageDriver,
  [begun, fates]: readonly [typeof beginnings, readonly boolean[]] = [beginnings, [false, true]],
): Promise<number> {
  let played = 0
  for (const beginning of begun)
    for (const dies of fates)
      for (let step = 0; ; step += 1, played += 1) {
        const outcome = await interleave(late, other, { storage: open(), beginning, step, dies })
        if (outcome === undefined) break
        await expectOutcomes(outcome)
        await expectUploadToGoOn(outcome, late, dies)
      }
  return played
}

describe.each(deeds)('$name that is held up at any step', (late) => {
  it.each([...deeds, purging])('mixes with nothing of $name in the meantime', async (other) => {
    expect(await playAll(late, other, () => new MemoryDriver())).toBeGreaterThan(12)
  })
})

// What files add is how a swap, a placement and an end meet each other; the rest is told by memory, and faster.
const essential = deeds.filter(({ name }) =>
  /^(a chunk|a completion (with a last chunk|as it stands)|a cancellation)$/.test(name),
)

describe.each(essential)('$name in files that is held up at any step', (late) => {
  it.each([...essential, purging])('mixes with nothing of $name in the meantime', async (other) => {
    const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-mixing-'))
    const files = await FilesystemDriver.open({ rootDirectory, budget: new ByteBudget(16 * 1024 * 1024), log })
    expect(await playAll(late, other, () => files, [[[true]], [false]])).toBeGreaterThan(2)
    await files.close()
    await rm(rootDirectory, { recursive: true })
  })
})
