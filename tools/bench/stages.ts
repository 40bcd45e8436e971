import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { treeIn } from '../../e2e/src/storage.ts'
import type { Place } from './contenders.ts'
import { writeFixture, type Fixture } from './fixture.ts'
import { UsageError, type Options } from './options.ts'
import {
  hugePush,
  nodeScenarios,
  parallelPushes,
  pushingScenarios,
  readingScenarios,
  type ReadingScenario,
  type Scenario,
} from './scenarios.ts'
import { Bucket } from './store/bucket.ts'

const mebibyte = 1024 * 1024

/** What counts requests of the store, by the name that `--only` knows it by. */
export const storeRequests = 'requests of the store'

/** Loads that meet one life of a registry together. */
export interface Stage {
  readonly name: string
  /** Whether they find what the plan's fixture has; a registry that is empty where they do not. */
  readonly reads?: true
  readonly scenarios: readonly Scenario[]
}

/** What is done, and what is read in it. */
export interface Plan {
  readonly stages: readonly Stage[]
  /** Where the fixture is, if any stage reads, or requests are counted. */
  readonly shared?: { readonly fixture: Fixture; readonly place: Place }
  readonly countsRequests: boolean
}

/** Decides what is run, and writes what it reads. */
export async function plan(options: Options, folder: string): Promise<Plan> {
  const wanted = wantedBy(options)
  const repositories = options.storage === 's3' ? 1000 : 10_000
  const reading = [...readingScenarios(repositories), ...(options.topology === 'split' ? nodeScenarios : [])].filter(
    wanted,
  )
  const countsRequests = options.storage === 's3' && wanted({ name: storeRequests })
  const pushing = pushingStages(options)
  if (reading.length === 0 && pushing.length === 0 && !countsRequests)
    throw new UsageError(`no load has a name that contains ${options.only.join(' or ')}`)
  if (reading.length === 0 && !countsRequests) return { stages: pushing, countsRequests }

  const place = await newPlace(options, folder)
  const fixture = writeFixture(treeIn(place.folder), { largeBlobBytes: largeBlobBytes(options), repositories })
  await place.bucket?.upload(treeIn(place.folder))
  return { stages: [...readingStages(reading, fixture), ...pushing], shared: { fixture, place }, countsRequests }
}

function readingStages(reading: readonly ReadingScenario[], fixture: Fixture): readonly Stage[] {
  if (reading.length === 0) return []
  const scenarios = reading.map((scenario) => ({ ...scenario, load: scenario.load(fixture) }))
  return [{ name: 'reading', reads: true, scenarios }]
}

/** A place with nothing in it. */
export async function newPlace({ storage }: Options, parent: string): Promise<Place> {
  const folder = await mkdtemp(join(parent, 'place-'))
  return storage === 's3' ? { folder, bucket: await Bucket.start() } : { folder }
}

function pushingStages(options: Options): readonly Stage[] {
  if (options.auth !== undefined) return []
  const { quick, topology } = options
  const stages = [
    { name: 'pushing', scenarios: pushingScenarios(quick ? 128 * mebibyte : 1024 * mebibyte) },
    { name: 'pushing a huge blob', scenarios: [hugePush(quick ? 256 * mebibyte : 2048 * mebibyte)] },
    ...(topology === 'split'
      ? [{ name: 'pushing 32 at once', scenarios: [parallelPushes(quick ? 32 * mebibyte : 256 * mebibyte, 32)] }]
      : []),
  ]
  return stages
    .map((stage) => ({ ...stage, scenarios: stage.scenarios.filter(wantedBy(options)) }))
    .filter(({ scenarios }) => scenarios.length > 0)
}

function wantedBy({ only }: Options): (named: { readonly name: string }) => boolean {
  return ({ name }) => only.length === 0 || only.some((part) => name.includes(part))
}

function largeBlobBytes({ quick, storage }: Options): number {
  if (quick) return 64 * mebibyte
  return (storage === 's3' ? 256 : 512) * mebibyte
}
