import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startRegistry, type RegistryProcess } from './registry-process.ts'

/** Sections of the configuration file; each is laid over the section that the tests begin with. */
export type Settings = Readonly<Record<string, object>>

export interface Instance {
  /** An existing directory of its own: the configuration and the tree lie in it. */
  readonly folder: string
  readonly settings?: Settings
  readonly port?: number
}

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The sources, or the program that `BERTH_MAIN` names, such as the bundle that images hold. */
const main = resolve(repository, process.env['BERTH_MAIN'] ?? 'apps/all-in-one/src/main.ts')

/** Where a registry that is started in `folder` keeps its data. */
export const treeIn = (folder: string): string => join(folder, 'tree')

/** Starts Berth as users do, as a process with a configuration file, and waits until it listens. */
export async function startBerth({ folder, settings = {}, port }: Instance): Promise<RegistryProcess> {
  const listening = port ?? (await freePort())
  const config = {
    version: 0.1,
    log: { level: 'error', ...settings['log'] },
    storage: {
      filesystem: { rootdirectory: treeIn(folder) },
      delete: { enabled: true },
      ...settings['storage'],
    },
    http: { addr: `127.0.0.1:${listening}`, debug: { addr: 'off' }, ...settings['http'] },
    ...rest(settings),
  }
  const file = join(folder, `berth-${listening}.yml`)
  await writeFile(file, JSON.stringify(config)) // JSON is YAML
  return startRegistry({ command: process.execPath, args: [main, '--config', file], port: listening })
}

function rest(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !['log', 'storage', 'http'].includes(name)))
}
