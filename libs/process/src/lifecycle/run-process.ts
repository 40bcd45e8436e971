import { StartError } from '@berth/errors'
import type { Config } from '@berth/configuration'
import { loadConfig } from '@berth/configuration'
import { ConfigError } from '@berth/configuration'
import { createLogger, type ProcessLogger } from '../log/create-logger.ts'
import { openTracing } from '../tracing/open-tracing.ts'
import type { Tracer } from '../tracing/tracer.ts'
import { versionText } from '../version.ts'
import { parseInvocation } from './arguments.ts'
import { runCommand } from './run-command.ts'
import { helpText } from './help-text.ts'
import { thisProcess, type Host } from './host.ts'
import { Lifecycle } from './lifecycle.ts'
import type { Program } from './program.ts'

/**
 * Opens everything and returns when the process serves. What it opens, `lifecycle` owns.
 *
 * @param tracer there where the environment asks for traces
 */
export type Start = (
  config: Config,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  tracer: Tracer | undefined,
) => Promise<void>

// What closing may take beyond the time that requests in flight are given.
const graceMs = 5000

/**
 * Runs a process from its arguments to its end, which only this decides: 0 after SIGTERM or SIGINT, 1 when the
 * configuration cannot be used, when starting or closing fails, or after an error that nothing caught. A second signal
 * ends it at once.
 */
export async function runProcess(program: Program, start: Start, host: Host = thisProcess()): Promise<void> {
  const { name } = program
  host.setTitle(name)
  const invocation = parseInvocation(host.args, program.commands)
  switch (invocation.kind) {
    case 'help':
      host.print(helpText(program))
      return
    case 'version':
      host.print(`${name} ${versionText}\n`)
      return
    case 'mistake':
      host.printError(`${name}: ${invocation.message}\nTry --help.\n`)
      host.exit(1)
      return
    case 'command':
      host.exit(await runCommand(program, invocation, host))
      return
    case 'run':
      await new Run(program, host).run(invocation.configPath, start)
  }
}

class Run {
  readonly #program: Program
  readonly #host: Host
  #isEnding = false

  constructor(program: Program, host: Host) {
    this.#program = program
    this.#host = host
  }

  async run(configPath: string | undefined, start: Start): Promise<void> {
    const config = this.#loadConfig(configPath)
    if (config === undefined) return
    const log = createLogger(config.config.log, this.#host.logStream)
    const lifecycle = new Lifecycle(log)
    const end = (code: number) => this.#end(code, lifecycle, config.config)
    this.#host.onSignal((signal) => {
      if (this.#isEnding) return this.#exit(1)
      log.info({ signal }, 'shutting down')
      void end(0)
    })
    this.#host.onUncaught((error) => {
      // Nobody knows what state it left. What was acknowledged is stored, so ending at once loses nothing.
      log.fatal({ err: error }, 'uncaught error')
      this.#exit(1)
    })
    if (config.file !== undefined && config.file !== configPath) log.info({ file: config.file }, 'configuration read')
    for (const warning of config.warnings) log.warn({ warning }, 'configuration')
    try {
      const tracing = await openTracing(this.#host.environment, this.#program.name, log)
      if (tracing !== undefined) lifecycle.own(tracing)
      await start(config.config, lifecycle, log, tracing?.tracer)
      lifecycle.ready()
    } catch (error) {
      // A signal that came while starting makes starting fail, too.
      if (this.#isEnding) return
      // For whoever started the process to mend, and not a bug: where it was thrown is of no use to them.
      if (error instanceof ConfigError || error instanceof StartError)
        this.#host.printError(`${this.#program.name}: ${error.message}\n`)
      else log.fatal({ err: error }, `${this.#program.name} could not start`)
      await end(1)
    }
  }

  #loadConfig(path: string | undefined): ReturnType<typeof loadConfig> | undefined {
    const host = this.#host
    try {
      const { uses = [] } = this.#program
      return loadConfig({ path, environment: host.environment, uses, readFile: (file) => host.readFile(file) })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.#host.printError(`${this.#program.name}: ${error.message}\n`)
      this.#host.exit(1)
      return undefined
    }
  }

  async #end(code: number, lifecycle: Lifecycle, config: Config): Promise<void> {
    this.#isEnding = true
    const isClean = await lifecycle.close(this.#host.timeout(config.http.drainTimeoutMs + graceMs))
    this.#exit(isClean ? code : 1)
  }

  /** Exits at once unless log lines are held back: then when they are written, or when that takes too long. */
  #exit(code: number): void {
    const flushing = this.#host.logStream.flush()
    if (flushing === undefined) this.#host.exit(code)
    else void flushing.then(() => this.#host.exit(code))
  }
}
