import { spawnSync } from 'node:child_process'
import { basename, resolve } from 'node:path'
import { basic, frodo, writeUsers } from '../../e2e/src/access/htpasswd.ts'
import { TokenAuthority } from '../../e2e/src/access/token-authority.ts'
import { startBerth } from '../../e2e/src/berth.ts'
import { writeConfiguration, type Settings } from '../../e2e/src/configuration.ts'
import { startDockerRegistry } from '../../e2e/src/docker-registry.ts'
import { freePort } from '../../e2e/src/free-port.ts'
import type { RegistryProcess } from '../../e2e/src/registry-process.ts'
import { startSplit } from '../../e2e/src/split.ts'
import { attackKinds, startAttackers } from './attack/attackers.ts'
import type { AuthKind, Options } from './options.ts'
import type { Bucket } from './store/bucket.ts'

export type ContenderName =
  | 'Berth'
  | 'Berth split'
  | 'Berth with auth'
  | 'Berth attacked'
  | 'other Berth'
  | 'other Berth split'
  | 'docker-registry'

export interface Contender {
  readonly name: ContenderName
  readonly version: string
  start(place: Place): Promise<Registry>
}

/** Where a contender finds its data, and leaves it. */
export interface Place {
  /** Its own, with the tree if it keeps one. */
  readonly folder: string
  /** Instead of the tree. */
  readonly bucket?: Bucket
}

/** A contender that runs. */
export interface Registry {
  /** By what is asked there: all, or blobs alone, which the split deployment's nodes serve without its gateway, too. */
  readonly ports: { readonly api: number; readonly blobs: number }
  readonly processes: readonly ServerProcess[]
  /** What its clients have to say who they are, where they have to. */
  readonly authorization?: string
  stop(): Promise<unknown>
  /** At once. */
  kill(): Promise<unknown>
}

/** One whose CPU time and memory count. */
interface ServerProcess {
  readonly name: string
  readonly pid: number
}

const blobNodes = 3
/** Linux may share the processors out by session: each server has its own, as each service of a deployment has. */
const detached = true

/** Beyond what all have in every test: a file system, deletion on, descriptors cached, quiet logs. */
const settings: Settings = { catalog: { maxentries: 10_000 } }
const settingsOn = ({ bucket }: Place): Settings => ({ ...settings, ...bucket?.settings() })
/** Nobody looks at it, and Distribution has none by default. */
const http = { debug: { addr: 'off', prometheus: { enabled: false } } }

const berth: Contender = {
  name: 'Berth',
  version: `on Node ${process.version}`,
  start: startSingle,
}

async function startSingle(place: Place, checkout?: string): Promise<Registry> {
  const { folder } = place
  const settings = { ...settingsOn(place), http }
  const from = checkout === undefined ? {} : { checkout }
  return single('berth', await startBerth({ folder, settings, topology: 'all-in-one', detached, ...from }))
}

const berthAttacked: Contender = {
  name: 'Berth attacked',
  version: `by ${attackKinds.join(', ')}`,
  start: async (place) => {
    const registry = await startSingle(place)
    const attackers = await startAttackers(registry.ports.api)
    return {
      ...registry,
      stop: async () => {
        await attackers.stop()
        return registry.stop()
      },
    }
  },
}

const berthSplit: Contender = {
  name: 'Berth split',
  version: `with ${blobNodes} blob nodes`,
  start: startServices,
}

async function startServices({ folder }: Place, checkout?: string): Promise<Registry> {
  const port = await freePort()
  const file = await writeConfiguration(folder, port, { ...settings, http: { addr: `127.0.0.1:${port}`, ...http } })
  const from = checkout === undefined ? {} : { checkout }
  const deployment = await startSplit({ folder, file, port, blobNodes, detached, ...from })
  const processes = await deployment.services()
  const node = processes.find(({ name }) => name.startsWith('blob-upload'))?.http
  return registry(deployment, processes, Number(node?.split(':').at(-1)))
}

/** Berth of another checkout. */
function otherBerth(checkout: string, topology: Options['topology']): Contender {
  const isSplit = topology === 'split'
  return {
    name: isSplit ? 'other Berth split' : 'other Berth',
    version: `of ${basename(checkout)}`,
    start: (place) => (isSplit ? startServices(place, checkout) : startSingle(place, checkout)),
  }
}

function berthWithAuth(kind: AuthKind): Contender {
  return {
    name: 'Berth with auth',
    version: `by ${kind}`,
    start: async ({ folder }) => {
      const { auth, authorization } = kind === 'token' ? await byTokens(folder) : await byPasswords(folder)
      const server = await startBerth({
        folder,
        settings: { ...settings, ...auth, http },
        topology: 'all-in-one',
        detached,
      })
      return { ...single('berth', server), authorization }
    },
  }
}

async function byPasswords(folder: string): Promise<{ auth: Settings; authorization: string }> {
  return { auth: await writeUsers(folder), authorization: basic(frodo) }
}

/** A token as teams have them: for some repositories, and of the size that a certificate makes it. */
async function byTokens(folder: string): Promise<{ auth: Settings; authorization: string }> {
  const authority = await TokenAuthority.make(folder)
  const grants = ['bench/images', 'bench/tags-5000', 'bench/tags-10000'].map((name) => ({ name, actions: ['pull'] }))
  const exp = Math.floor(Date.now() / 1000) + 86_400
  const token = authority.token([...grants, { type: 'registry', name: 'catalog', actions: ['*'] }], { exp })
  return { auth: authority.settings(), authorization: `Bearer ${token}` }
}

type Choice = Pick<Options, 'topology' | 'auth' | 'against' | 'attack'>

/** The contenders, of which the first is compared with each of the others: Berth's, and Debian's registry if it is there. */
export function findContenders({ topology, auth, against, attack }: Choice): readonly Contender[] {
  if (auth !== undefined) return [berthWithAuth(auth), berth]
  if (attack) return [berthAttacked, berth]
  const others = against === undefined ? [] : [otherBerth(resolve(against), topology)]
  const ours = topology === 'split' ? [berthSplit, ...others, berth] : [berth, ...others]
  const { stdout, error } = spawnSync('docker-registry', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return ours
  const peer: Contender = {
    name: 'docker-registry',
    version: stdout.trim().split(' ').at(-1) ?? '',
    start: async (place) => {
      const { folder } = place
      return single('docker-registry', await startDockerRegistry({ folder, settings: settingsOn(place), detached }))
    },
  }
  return [...ours, peer]
}

/** A registry that is one process. */
function single(name: string, server: RegistryProcess): Registry {
  return registry(server, [{ name, pid: server.pid }], server.port)
}

function registry(server: RegistryProcess, processes: readonly ServerProcess[], blobs: number): Registry {
  return {
    ports: { api: server.port, blobs },
    processes,
    stop: () => server.stop(),
    kill: () => server.kill(),
  }
}
