import { spawnSync } from 'node:child_process'
import { startBerth } from '../../e2e/src/berth.ts'
import type { Settings } from '../../e2e/src/configuration.ts'
import { startDockerRegistry } from '../../e2e/src/docker-registry.ts'
import type { RegistryProcess } from '../../e2e/src/registry-process.ts'

export type ContenderName = 'Berth' | 'docker-registry'

export interface Contender {
  readonly name: ContenderName
  readonly version: string
  /** Starts it on the tree in `folder`. */
  start(folder: string): Promise<RegistryProcess>
}

/** Beyond what both have in every test: a file system, deletion on, descriptors cached in memory, quiet logs. */
const settings: Settings = { catalog: { maxentries: 10_000 } }

const berth: Contender = {
  name: 'Berth',
  version: `on Node ${process.version}`,
  start: (folder) => {
    const http = { debug: { addr: 'off', prometheus: { enabled: false } } }
    return startBerth({ folder, settings: { ...settings, http } })
  },
}

/** Berth, and where it is on the PATH the registry that it is compared with. */
export function findContenders(): readonly Contender[] {
  const { stdout, error } = spawnSync('docker-registry', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return [berth]
  const peer: Contender = {
    name: 'docker-registry',
    version: stdout.trim().split(' ').at(-1) ?? '',
    start: (folder) => startDockerRegistry({ folder, settings }),
  }
  return [berth, peer]
}
