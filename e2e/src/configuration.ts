import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { driverIn } from './storage.ts'

/** Sections of the configuration file; each is laid over the section that the tests begin with. */
export type Settings = Readonly<Record<string, object>>

/** Writes what Berth and Distribution both understand: a storage that belongs to `folder`, deletion on, quiet logs. Returns the file. */
export async function writeConfiguration(folder: string, port: number, settings: Settings): Promise<string> {
  const basis: Settings = {
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      ...driverIn(folder),
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: `127.0.0.1:${port}` },
  }
  const sections = new Set([...Object.keys(basis), ...Object.keys(settings)])
  const config = Object.fromEntries([...sections].map((name) => [name, { ...basis[name], ...settings[name] }]))
  const file = join(folder, `config-${port}.yml`)
  await writeFile(file, JSON.stringify({ version: 0.1, ...config })) // JSON is YAML
  return file
}
