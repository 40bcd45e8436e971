import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { scheduler } from 'node:timers/promises'

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A registry that runs as a process of its own and listens on loopback. */
export interface RegistryProcess {
  readonly port: number
  /** `127.0.0.1:<port>` */
  readonly host: string
  readonly pid: number
  /** By their ids, all processes that serve: itself, unless it is there to start others. */
  serving(): Promise<readonly number[]>
  readonly exited: Promise<Exit>
  /** All that it has printed so far. */
  output(): string
  /** Asks it to end (SIGTERM) and waits until it has. */
  stop(): Promise<Exit>
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<Exit>
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Where it will listen. */
  readonly port: number
  readonly env?: NodeJS.ProcessEnv
  /** Whether it gets a session of its own (`setsid`), which a terminal's Ctrl-C does not reach. Default: it does not. */
  readonly detached?: boolean
  /** As whom it runs. Default: as this process. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** A file descriptor that becomes standard output; `output()` is then without it. */
  readonly standardOutput?: number
}

const startDeadlineMs = 90_000

/** @throws Error with all that the program printed, where it ends before it listens */
export async function startRegistry(program: Program): Promise<RegistryProcess> {
  const { command, args, port, env = process.env, detached = false, user = {}, standardOutput = 'pipe' } = program
  const child = spawn(command, args, { stdio: ['ignore', standardOutput, 'pipe'], env, detached, ...user })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-1_000_000)
    })
  }
  // 'close' comes after the streams' ends, so that `output` is whole by then.
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }))
  const patience = new AbortController()
  const started = await Promise.race([
    exited.then(({ code, signal }) => `ended (${code ?? signal}) before it listened`, String),
    untilListening(port, AbortSignal.any([patience.signal, AbortSignal.timeout(startDeadlineMs)])),
  ])
  patience.abort()
  if (started !== 'listening' || child.pid === undefined) {
    child.kill('SIGKILL')
    await exited
    throw new Error(`${command} ${args.join(' ')}: ${started}\n${output}`)
  }

  const end = (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal)
    return exited
  }
  const { pid } = child
  return {
    port,
    host: `127.0.0.1:${port}`,
    pid,
    serving: async () => [pid],
    exited,
    output: () => output,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** There is no way of telling that they listen that all programs share, so this tries until one answers. */
async function untilListening(port: number, signal: AbortSignal): Promise<string> {
  while (!signal.aborted) {
    const socket = connect(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return 'listening'
    await scheduler.wait(10)
  }
  return `does not listen on port ${port} after ${startDeadlineMs} ms`
}
