import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ByteBudget } from '@berth/bytes'
import { type Config, loadConfig, type S3Config } from '@berth/configuration'
import { readOrMakeSecret } from '@berth/storage-filesystem'
import { openBucket, readOrMakeStoredSecret } from '@berth/storage-s3'
import { freePort } from '../../e2e/src/free-port.ts'
import { type Options, UsageError } from './options.ts'
import { blobNodeProgram, gatewayProgram, manifestProgram, type Ports, type Shared } from './programs.ts'
import { redisProgram, type RedisRole } from './redis.ts'
import { type Program, Service } from './service.ts'

const compileCache = fileURLToPath(new URL('../../node_modules/.cache/berth-compile', import.meta.url))

/** Far more than a secret has. */
const secretBudget = 1024 * 1024

/** Beyond the time that the configuration gives requests in flight. */
const graceMs = 10_000

/** A storage that several processes can share. */
type SharedDriver = Exclude<Config['storage']['driver'], { readonly name: 'inmemory' }>

interface Part {
  readonly service: Service
  readonly ports: Ports & { readonly redis?: number }
}

/** All services of a registry, on loopback. */
export class Deployment {
  readonly #options: Options
  readonly #print: (line: string) => void
  readonly #config: Config
  /** What was started together, in the order of starting. */
  readonly #steps: (readonly Part[])[] = []
  #folder: string | undefined
  #isReady = false
  #isStopping = false
  #writing: Promise<void> = Promise.resolve()

  /** @throws ConfigError */
  constructor(options: Options, print: (line: string) => void) {
    this.#options = options
    this.#print = print
    // The services warn of what there is to warn of.
    this.#config = loadConfig({
      path: options.config,
      environment: process.env,
      uses: ['rpc', 'services'],
      readFile: (path) => readFileSync(path, 'utf8'),
    }).config
  }

  /** Says something to whoever wants to know more than what goes wrong. */
  say(text: string): void {
    const { level } = this.#config.log
    if (level === 'info' || level === 'debug') this.#print(`split | ${text}`)
  }

  /** Starts one after the other what others need, and resolves when all serve. @throws Error what did not start */
  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'berth-split-'))
    const shared = await this.#shared()
    const nodes = await Promise.all(
      Array.from({ length: this.#options.blobNodes }, async () => ({
        http: await freePort(),
        rpc: await freePort(),
        debug: await freePort(),
      })),
    )
    const manifest = { rpc: await freePort(), debug: await freePort() }
    await this.#run([
      ...nodes.map((ports, index) => ({ program: blobNodeProgram(index + 1, ports, shared), ports })),
      { program: manifestProgram(manifest, nodes, shared), ports: manifest },
    ])
    const { listen } = this.#config.http
    const port = listen.net === 'tcp' && listen.port !== 0 ? listen.port : await freePort()
    const debug = this.#config.debug.listen?.port
    const ports = { ...(listen.net === 'tcp' && { http: port }), ...(debug !== undefined && { debug }) }
    await this.#run([{ program: gatewayProgram(port, manifest, nodes, shared), ports }])
    this.#isReady = true
    this.#changed()
    await this.#writing
  }

  /** Ends all, the last first; what has not ended when `deadline` is aborted is killed. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isReady = false
    this.#isStopping = true
    const { drainTimeoutMs } = this.#config.http
    for (const step of this.#steps.toReversed()) {
      const late = AbortSignal.any([deadline, AbortSignal.timeout(drainTimeoutMs + graceMs)])
      await Promise.all(step.map(({ service }) => service.stop(late)))
    }
    await this.#writing
    const { statusFile } = this.#options
    if (statusFile !== undefined) await rm(statusFile, { force: true })
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
  }

  async #shared(): Promise<Shared> {
    const { driver, cache } = this.#config.storage
    if (driver.name === 'inmemory') throw new UsageError('several processes cannot share a storage in memory')
    const overrides: Record<string, unknown> = {}
    if (this.#config.secrets.uploadKeys === undefined) {
      // The one that a registry in one process would have, so that uploads outlive a restart.
      overrides['REGISTRY_HTTP_SECRET'] = Buffer.from(await this.#secretOf(driver)).toString('base64url')
    }
    if (this.#config.log.formatter === undefined && process.stdout.isTTY) overrides['REGISTRY_LOG_FORMATTER'] = 'text'
    if (this.#config.redis.cache === undefined) {
      const port = await this.#redis('cache')
      overrides['REGISTRY_REDIS'] = { cache: { addrs: [`127.0.0.1:${port}`] } }
    }
    if (cache.blobDescriptor !== 'none') overrides['REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR'] = 'redis'
    if (this.#config.redis.queue === undefined) await this.#redis('queue')
    // Compiled once, the many processes of a deployment start in half the time.
    const environment = { NODE_COMPILE_CACHE: compileCache, ...process.env }
    return { config: this.#config, file: this.#options.config, environment, overrides }
  }

  async #secretOf(driver: SharedDriver): Promise<Uint8Array> {
    // A read-only registry has no uploads, and must not write one either.
    if (this.#config.storage.readOnly) return randomBytes(32)
    return driver.name === 'filesystem' ? readOrMakeSecret(driver.rootDirectory) : this.#secretOfBucket(driver)
  }

  async #secretOfBucket(config: S3Config): Promise<Uint8Array> {
    const credentials = this.#config.secrets.s3
    const bucket = await openBucket({ config, credentials, isReadOnly: false, budget: new ByteBudget(secretBudget) })
    try {
      return await readOrMakeStoredSecret(bucket.driver)
    } finally {
      await bucket.close()
    }
  }

  async #redis(role: RedisRole): Promise<number> {
    const port = await freePort()
    await this.#run([{ program: redisProgram(role, port, this.#folder as string), ports: { redis: port } }])
    return port
  }

  async #run(programs: readonly { readonly program: Program; readonly ports: Part['ports'] }[]): Promise<void> {
    if (this.#isStopping) throw new UsageError('ended before all had started')
    const step = programs.map(({ program, ports }) => {
      return { service: new Service(program, this.#print, () => this.#changed()), ports }
    })
    this.#steps.push(step)
    await Promise.all(step.map(({ service }) => service.start()))
  }

  /** Has the status file say what is so now; one write after the other, each whole. */
  #changed(): void {
    const { statusFile } = this.#options
    if (statusFile === undefined || !this.#isReady) return
    this.#writing = this.#writing.then(async () => {
      const status = this.#steps.flat().map(({ service, ports }) => ({
        name: service.program.name,
        pid: service.pid,
        ...Object.fromEntries(Object.entries(ports).map(([what, port]) => [what, `127.0.0.1:${port}`])),
      }))
      await writeFile(`${statusFile}.next`, `${JSON.stringify({ pid: process.pid, services: status })}\n`)
      await rename(`${statusFile}.next`, statusFile)
    })
  }
}
