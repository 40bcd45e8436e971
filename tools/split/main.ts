import { ConfigError } from '@berth/configuration'
import { Deployment } from './deployment.ts'
import { parseOptions, usage, UsageError, type Options } from './options.ts'
import { NotServing } from './service.ts'

process.title = 'berth-split'
const print = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') print(usage)
  else await run(options)
} catch (error) {
  const isForUser = [UsageError, ConfigError, NotServing].some((kind) => error instanceof kind)
  console.error(isForUser ? (error as Error).message : error)
  process.exitCode = 1
}

/** Runs all until a signal comes; a second one does not wait. */
async function run(options: Options): Promise<void> {
  const deployment = new Deployment(options, print)
  const told = Promise.withResolvers<void>()
  const impatient = new AbortController()
  let signals = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      signals += 1
      if (signals > 1) impatient.abort()
      told.resolve()
    })
  try {
    const started = deployment.start().then(() => deployment.say('all services are ready'))
    await Promise.race([started, told.promise])
    await told.promise
    deployment.say('shutting down')
  } finally {
    await deployment.stop(impatient.signal)
  }
}
