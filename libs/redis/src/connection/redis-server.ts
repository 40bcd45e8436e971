import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real Redis of its own, for a test: it keeps nothing, and its port is free when it has gone. */
export class RedisServer {
  readonly port: number
  readonly directory: string
  readonly #child: ChildProcess

  private constructor(port: number, directory: string, child: ChildProcess) {
    this.port = port
    this.directory = directory
    this.#child = child
  }

  /** @param args more than the port; a file to begin with */
  static async start(args: readonly string[] = [], port?: number): Promise<RedisServer> {
    const at = port ?? (await freePort())
    const directory = await mkdtemp(join(tmpdir(), 'berth-redis-'))
    const listen = args.includes('--tls-port') ? ['--port', '0'] : ['--port', String(at)]
    const given = args.flatMap((each) => (each === '--tls-port' ? [each, String(at)] : [each]))
    const own = [...listen, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...given, ...own], { stdio: ['ignore', 'pipe', 'inherit'] })
    const server = new RedisServer(at, directory, child)
    let output = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk)
      if (!/Ready to accept connections|Sentinel ID is/.test(output)) continue
      child.stdout.resume()
      return server
    }
    await server.stop()
    throw new Error(`redis-server did not start: ${output}`)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exit
    }
    await rm(this.directory, { recursive: true, force: true })
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
