import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findContenders } from './contenders.ts'
import { LoadProcess } from './load/load-process.ts'
import { parseOptions, usage, UsageError, type Options } from './options.ts'
import { formatTables, toJson } from './report.ts'
import { runRounds } from './rounds.ts'

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else if (process.platform !== 'linux') throw new UsageError('the benchmark reads /proc, which only Linux has')
  else await bench(options)
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = 1
}

async function bench(options: Options): Promise<void> {
  const contenders = findContenders(options).filter(({ name }) => options.peer || name !== 'docker-registry')
  if (options.peer && contenders.every(({ name }) => name !== 'docker-registry'))
    console.error('docker-registry is not on the PATH: Berth cannot be compared with it.')

  const folder = await mkdtemp(join(options.folder, 'berth-bench-'))
  const load = new LoadProcess()
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupted.abort(new UsageError(`ended by ${name}`)))
  try {
    const progress = (text: string): void => console.error(text)
    const names = contenders.map(({ name }) => name)
    const results = await runRounds({ contenders, options, folder, load, signal: interrupted.signal, progress })
    console.log(`\n${contenders.map(({ name, version }) => `${name} ${version}`).join(', ')}\n`)
    console.log(formatTables(results, names))
    if (options.json !== undefined)
      await writeFile(options.json, JSON.stringify(toJson(results, contenders, options), null, 2))
    if (results.failed) process.exitCode = 1
  } finally {
    await load.close()
    await rm(folder, { recursive: true, force: true })
  }
}
