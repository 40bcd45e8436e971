import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real Redis of its own, for a test: it keeps no data, and its port is free when it has gone. */
export class RedisServer {
  readonly port: number
  readonly directory: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, directory: string, args: readonly string[]) {
    this.port = port
    this.directory = directory
    this.#args = args
  }

  /** @param args more than where to listen, beginning with a file if there is one; `--tls-port` without its number */
  static async start(args: readonly string[] = [], port?: number): Promise<RedisServer> {
    const at = port ?? (await freePort())
    const server = new RedisServer(at, await mkdtemp(join(tmpdir(), 'berth-redis-')), args)
    await server.startAgain()
    return server
  }

  /** As it was, but for its data. */
  async startAgain(): Promise<void> {
    const port = String(this.port)
    const listen = this.#args.includes('--tls-port') ? ['--port', '0'] : ['--port', port]
    const given = this.#args.flatMap((each) => (each === '--tls-port' ? [each, port] : [each]))
    const own = [...listen, '--bind', '127.0.0.1', '--dir', this.directory, '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...given, ...own], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    let output = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk)
      if (!/Ready to accept connections|Sentinel ID is/.test(output)) continue
      child.stdout.resume()
      return
    }
    throw new Error(`redis-server did not start: ${output}`)
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  async kill(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/**
 * Below those that systems give to whoever connects, and so are their second ones, that nodes of a cluster have: a port
 * from there may be taken before anything listens on it, or while a server is away.
 */
const ports = { first: 20_000, last: 22_700, second: 10_000 }

/** A port of loopback that nothing listens on, and that nobody else is given while this process lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.first, ports.last + 1)
    if ((await claim(port)) && (await isFree(port)) && (await isFree(port + ports.second))) return port
  }
}

/** Holds the port of the same number for datagrams, which nobody wants. The system ends that with the process. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  socket.unref()
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(socket, 'listening')
    return true
  } catch {
    socket.close()
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
