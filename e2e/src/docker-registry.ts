import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { treeIn, type Instance } from './berth.ts'
import { freePort, startRegistry, type RegistryProcess } from './registry-process.ts'

/** Starts Distribution 2.8, as Debian packages it, on the tree that Berth would have in the same folder. */
export async function startDockerRegistry({ folder, port }: Instance): Promise<RegistryProcess> {
  const listening = port ?? (await freePort())
  const config = await writeConfig(folder, listening)
  return startRegistry({ command: 'docker-registry', args: ['serve', config], port: listening })
}

/** Runs its offline garbage collector (without `-m`) over the tree in `folder`, and returns what it printed. */
export async function collectGarbage(folder: string): Promise<string> {
  const config = await writeConfig(folder, 0)
  const { status, stdout, stderr } = spawnSync('docker-registry', ['garbage-collect', config], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`garbage-collect ended with ${status}:\n${stdout}\n${stderr}`)
  return stdout
}

async function writeConfig(folder: string, port: number): Promise<string> {
  const file = join(folder, `docker-registry-${port}.yml`)
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: treeIn(folder) },
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: `127.0.0.1:${port}`, secret: 'e2e' },
  }
  await writeFile(file, JSON.stringify(config)) // JSON is YAML
  return file
}
