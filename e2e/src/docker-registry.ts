import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Instance } from './berth.ts'
import { writeConfiguration } from './configuration.ts'
import { freePort } from './free-port.ts'
import { startRegistry, type RegistryProcess } from './registry-process.ts'

const program = 'docker-registry'

/** Its S3 client fails on a list of certificate authorities. */
const { AWS_CA_BUNDLE: _, ...environment } = process.env

/** Starts Distribution 2.8, as Debian packages it, on the tree that Berth would have in the same folder. */
export async function startDockerRegistry(instance: Instance): Promise<RegistryProcess> {
  const { folder, settings = {}, port, detached = false } = instance
  const listening = port ?? (await freePort())
  const file = await writeConfiguration(folder, listening, settings)
  return startRegistry({ command: program, args: ['serve', file], port: listening, env: environment, detached })
}

/** Runs its offline garbage collector (without `-m`) over the tree in `folder`, and returns what it printed. */
export async function collectGarbage(folder: string): Promise<string> {
  const file = await writeConfiguration(folder, 0, {})
  const { stdout } = await promisify(execFile)(program, ['garbage-collect', file], { env: environment })
  return stdout
}
