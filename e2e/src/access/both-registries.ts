import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startBerth } from '../berth.ts'
import type { Settings } from '../configuration.ts'
import { startDockerRegistry } from '../docker-registry.ts'
import { mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'

/** The registries that must answer alike. */
export const registries = ['docker-registry 2.8', 'Berth'] as const

export type RegistryName = (typeof registries)[number]

export interface RunningRegistry {
  /** Where it lies, which is there from the beginning of the first test. */
  readonly folder: string
  readonly host: string
  readonly wire: Wire
}

/** A registry for all tests of a block. @param settings made in a folder that is there as long as the registry */
export function useAnyRegistry(name: RegistryName, settings: (folder: string) => Promise<Settings>): RunningRegistry {
  let folder = ''
  let running: RegistryProcess | undefined
  let wire: Wire | undefined
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-access-'))
    const start = name === 'Berth' ? startBerth : startDockerRegistry
    running = await start({ folder, settings: await settings(folder) })
    // Distribution has OCI manifests for those alone who name their type.
    wire = new Wire(running.host, { Accept: mediaTypes.manifest })
  })
  afterAll(async () => {
    wire?.close()
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get folder() {
      return folder
    },
    get host() {
      return running?.host ?? ''
    },
    get wire() {
      if (wire === undefined) throw new Error('the registry does not run')
      return wire
    },
  }
}
