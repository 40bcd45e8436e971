import { StartError } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import type { Environment } from '@berth/configuration'
import { ConfigError } from '@berth/configuration'
import { revision, version } from '../version.ts'
import type { Host } from './host.ts'
import { runProcess, type Start } from './run-process.ts'

const quiet = { REGISTRY_STORAGE: 'inmemory', REGISTRY_LOG_FORMATTER: 'json' }

/** A process in the test's hands. */
class TestHost implements Host {
  readonly output: string[] = []
  readonly errors: string[] = []
  readonly codes: number[] = []
  readonly exited = Promise.withResolvers<number>()
  readonly timeouts: number[] = []
  readonly logged: string[] = []
  readonly logStream = {
    isTerminal: false,
    write: (line: string) => void this.logged.push(line),
    flush: () => {
      this.logged.push('flushed')
      return this.flushing
    },
  }
  /** Until when the log stream holds lines back. */
  flushing: Promise<void> | undefined
  readonly args: readonly string[]
  readonly environment: Environment
  title = ''
  readonly #files: Readonly<Record<string, string>>
  #signal: (signal: 'SIGTERM' | 'SIGINT') => void = () => undefined
  #uncaught: (error: unknown) => void = () => undefined

  constructor(args: readonly string[], environment: Environment = quiet, files: Readonly<Record<string, string>> = {}) {
    this.args = args
    this.environment = environment
    this.#files = files
  }

  signal = (signal: 'SIGTERM' | 'SIGINT') => this.#signal(signal)
  uncaught = (error: unknown) => this.#uncaught(error)

  setTitle(title: string): void {
    this.title = title
  }
  readFile(path: string): string {
    const text = this.#files[path]
    if (text === undefined) throw new Error('no such file')
    return text
  }
  print(text: string): void {
    this.output.push(text)
  }
  printError(text: string): void {
    this.errors.push(text)
  }
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): void {
    this.#signal = listener
  }
  onUncaught(listener: (error: unknown) => void): void {
    this.#uncaught = listener
  }
  timeout(ms: number): AbortSignal {
    this.timeouts.push(ms)
    return new AbortController().signal
  }
  exit(code: number): void {
    this.codes.push(code)
    this.exited.resolve(code)
  }
}

const berth = { name: 'berth' }
const idle: Start = () => Promise.resolve()

describe('running a process', () => {
  it.each([
    ['--config FILE', ['--config', 'a.yml']],
    ['-c FILE', ['-c', 'a.yml']],
    ['--config=FILE', ['--config=a.yml']],
    ['FILE', ['a.yml']],
    ['serve FILE, as Distribution’s image is started', ['serve', 'a.yml']],
  ])('reads the configuration that it is given: %s', async (_, args) => {
    const files = { 'a.yml': 'version: 0.1\nstorage: inmemory\ncatalog: {maxentries: 7}' }
    const host = new TestHost(args, {}, files)
    let entries: number | undefined
    await runProcess(berth, (config) => Promise.resolve(void (entries = config.catalog.maxEntries)), host)
    expect(entries).toBe(7)
  })

  it('is titled by its name', async () => {
    const host = new TestHost([])
    await runProcess({ name: 'blob-upload' }, idle, host)
    expect(host.title).toBe('blob-upload')
  })

  it('is warned of the sections that it does not use, and of no others', async () => {
    const environment = { ...quiet, REGISTRY_RPC: 'listen: 127.0.0.1:1', REGISTRY_SERVICES: 'blobs: {http: ["a:1"]}' }
    const warningsOf = async (...uses: ('rpc' | 'services')[]) => {
      const host = new TestHost([], environment)
      await runProcess({ name: 'berth', uses }, idle, host)
      return host.logged.filter((line) => line.includes('belongs to the split services'))
    }
    expect(await warningsOf()).toHaveLength(2)
    expect(await warningsOf('rpc')).toEqual([expect.stringContaining('services: belongs')])
    expect(await warningsOf('rpc', 'services')).toEqual([])
  })

  it('is ready once it has started', async () => {
    const ready: boolean[] = []
    const { promise: lifecycle, resolve } = Promise.withResolvers<Parameters<Start>[1]>()
    await runProcess(
      berth,
      (_, owned) => {
        ready.push(owned.isReady)
        resolve(owned)
        return Promise.resolve()
      },
      new TestHost([]),
    )
    ready.push((await lifecycle).isReady)
    expect(ready).toEqual([false, true])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'closes and ends well at %s, within the time that requests are given',
    async (signal) => {
      const host = new TestHost([], { ...quiet, REGISTRY_HTTP_DRAINTIMEOUT: '10s' })
      let isClosed = false
      await runProcess(
        berth,
        (_, lifecycle) => Promise.resolve(void lifecycle.own({ close: () => void (isClosed = true) })),
        host,
      )
      host.signal(signal)
      expect(await host.exited.promise).toBe(0)
      expect(isClosed).toBe(true)
      expect(host.timeouts).toEqual([15_000])
    },
  )

  it('ends at once at a second signal', async () => {
    const host = new TestHost([])
    await runProcess(
      berth,
      (_, lifecycle) => Promise.resolve(void lifecycle.own({ close: () => new Promise(() => {}) })),
      host,
    )
    host.signal('SIGTERM')
    expect(host.codes).toEqual([])
    host.signal('SIGTERM')
    expect(host.codes).toEqual([1])
  })

  it('ends badly when something could not be closed', async () => {
    const host = new TestHost([])
    await runProcess(
      berth,
      (_, lifecycle) => Promise.resolve(void lifecycle.own({ close: () => Promise.reject(new Error('x')) })),
      host,
    )
    host.signal('SIGTERM')
    expect(await host.exited.promise).toBe(1)
  })

  it('closes what was open and ends badly when it cannot start', async () => {
    const host = new TestHost([])
    let isClosed = false
    await runProcess(
      berth,
      (_, lifecycle) => {
        lifecycle.own({ close: () => void (isClosed = true) })
        return Promise.reject(new Error('a bug'))
      },
      host,
    )
    expect(host.codes).toEqual([1])
    expect(isClosed).toBe(true)
    expect(host.logged[0]).toMatch(/"fatal".*a bug.*"berth could not start"/)
  })

  it('ends well when it is told to while it starts', async () => {
    const host = new TestHost([])
    const started = Promise.withResolvers<void>()
    const running = runProcess(
      berth,
      async (_, lifecycle) => {
        await started.promise
        lifecycle.own({ close: () => undefined })
      },
      host,
    )
    host.signal('SIGTERM')
    started.resolve()
    await running
    expect(await host.exited.promise).toBe(0)
    expect(host.codes).toEqual([0])
  })

  it('ends at once, and badly, after an error that nothing caught', async () => {
    const host = new TestHost([])
    await runProcess(berth, idle, host)
    host.uncaught(new Error('a bug'))
    expect(host.codes).toEqual([1])
    expect(host.logged).toEqual([expect.stringMatching(/"fatal".*a bug/), 'flushed'])
  })

  it('exits when the last lines of its log are written', async () => {
    const host = new TestHost([])
    const flushed = Promise.withResolvers<void>()
    host.flushing = flushed.promise
    await runProcess(berth, idle, host)
    host.uncaught(new Error('a bug'))
    expect(host.codes).toEqual([])
    flushed.resolve()
    expect(await host.exited.promise).toBe(1)
  })

  it('says what is wrong with the configuration and does not start', async () => {
    const host = new TestHost(['a.yml'], {}, { 'a.yml': 'version: 0.1\nstorage: inmemory\nhtpp: {}' })
    await runProcess(berth, () => Promise.reject(new Error('it started')), host)
    expect(host.errors.join('')).toBe(
      'berth: a problem in the configuration (a.yml):\n  htpp: unknown key; did you mean http? (line 3)\n',
    )
    expect(host.codes).toEqual([1])
  })

  it('says the same of what only starting can find', async () => {
    const host = new TestHost([])
    const problems = [{ path: 'http.tls.key', message: 'cannot be read' }]
    await runProcess(berth, () => Promise.reject(new ConfigError('http.tls', problems)), host)
    expect(host.errors.join('')).toContain('http.tls.key: cannot be read')
    expect([host.logged, host.codes]).toEqual([['flushed'], [1]])
  })

  it('says in one line what else is to be mended by whoever starts it', async () => {
    const host = new TestHost([])
    await runProcess(berth, () => Promise.reject(new StartError('http.addr', 'the address is in use')), host)
    expect(host.errors).toEqual(['berth: http.addr: the address is in use\n'])
    expect([host.logged, host.codes]).toEqual([['flushed'], [1]])
  })

  it.each([
    [['--what'], "Unknown option '--what'"],
    [['a', 'b'], 'one configuration file, not a and b'],
    [['--config', 'a', 'b'], 'one configuration file, not a and b'],
  ])('refuses arguments that it does not know: %j', async (args, message) => {
    const host = new TestHost(args)
    await runProcess(berth, idle, host)
    expect(host.errors.join('')).toContain(message)
    expect(host.codes).toEqual([1])
  })

  it('prints its version with the git revision, and how to start it', async () => {
    const asked = new TestHost(['--version'])
    await runProcess(berth, idle, asked)
    expect(asked.output).toEqual([`berth ${version}${revision === undefined ? '' : ` (${revision})`}\n`])
    const helped = new TestHost(['--help'])
    await runProcess(berth, idle, helped)
    expect(helped.output.join('')).toMatch(/Usage: berth \[--config FILE\][^]*storage\.filesystem\.rootdirectory/)
  })
})
