import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'

/** Where an S3 server is, and who may use it. */
export interface S3Access {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
}

export interface S3Server extends S3Access {
  /** Stops it from answering, as where its machine stands still; `thaw` lets it go on. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

const run = promisify(execFile)
const patienceMs = 120_000
const [accessKey, secretKey] = ['testkey', 'testsecret']

/**
 * Starts an S3 server on loopback: Ceph's radosgw on one object store that keeps everything in memory, in a folder of
 * its own. Takes some ten seconds.
 *
 * @throws Error that says what the programs said
 */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-s3-server-'))
  const server = new Ceph(folder)
  try {
    const port = await server.start()
    return {
      endpoint: `http://127.0.0.1:${port}`,
      accessKey,
      secretKey,
      freeze: () => server.signal('SIGSTOP'),
      thaw: () => server.signal('SIGCONT'),
      close: () => server.close(),
    }
  } catch (error) {
    const said = await server.words()
    await server.close()
    throw new Error(`no S3 server: ${error instanceof Error ? error.message : String(error)}\n${said}`, {
      cause: error,
    })
  }
}

/** A cluster of one: a monitor, an object store daemon, a gateway. */
class Ceph {
  readonly #folder: string
  readonly #daemons: { readonly child: ChildProcess; readonly exited: Promise<unknown> }[] = []
  readonly #late = AbortSignal.timeout(patienceMs)
  /** Whoever is interrupted closes nothing. */
  readonly #end = (): void => this.#daemons.forEach(({ child }) => child.kill('SIGKILL'))

  constructor(folder: string) {
    this.#folder = folder
    process.once('exit', this.#end)
  }

  /** @returns the port of the gateway */
  async start(): Promise<number> {
    const [monitor, gateway] = [await freePort(), await freePort()]
    const id = randomUUID()
    for (const each of ['mon', 'osd', 'rgw', 'run']) await mkdir(this.#at(each))
    await writeFile(this.#at('ceph.conf'), this.#configuration(id, monitor, gateway))
    await this.#makeKeys()
    await this.#run('monmaptool', '--create', '--addv', 'a', `[v2:127.0.0.1:${monitor}]`, '--fsid', id, this.#at('map'))
    await this.#run('ceph-mon', ...this.#conf(), '--mkfs', '-i', 'a', '--monmap', this.#at('map'), ...this.#keys())
    await this.#spawn('ceph-mon', ...this.#conf(), '-f', '-i', 'a')
    await this.#until('the monitor answers', () => this.#ceph('mon', 'stat').then(() => true))
    await this.#ceph('osd', 'new', randomUUID(), '0')
    const osd = JSON.parse(await this.#ceph('osd', 'dump', '-f', 'json')) as { osds: { uuid: string }[] }
    await this.#run('ceph-osd', ...this.#conf(), '-i', '0', '--mkfs', '--osd-uuid', osd.osds[0]?.uuid ?? '')
    await this.#spawn('ceph-osd', ...this.#conf(), '-f', '-i', '0')
    await this.#until('the object store is up', async () => (await this.#ceph('osd', 'stat')).includes('1 up'))
    await this.#spawn('radosgw', ...this.#conf(), '-f', '-n', 'client.rgw.a', ...this.#keys())
    await this.#until('the gateway listens', () => listens(gateway))
    const user = ['--uid', 'test', '--display-name', 'test', '--access-key', accessKey, '--secret-key', secretKey]
    await this.#run('radosgw-admin', ...this.#conf(), '-n', 'client.rgw.a', ...this.#keys(), 'user', 'create', ...user)
    return gateway
  }

  signal(name: NodeJS.Signals): void {
    this.#daemons.at(-1)?.child.kill(name)
  }

  /** The last that each daemon said. */
  async words(): Promise<string> {
    const files = ['ceph-mon.out', 'ceph-osd.out', 'radosgw.out']
    const texts = await Promise.all(files.map((file) => readFile(this.#at(file), 'utf8').catch(() => '')))
    return texts.map((text) => text.slice(-1000)).join('\n')
  }

  async close(): Promise<void> {
    for (const { child, exited } of this.#daemons.toReversed()) {
      // What they keep is in memory, and goes with them.
      child.kill('SIGKILL')
      await exited
    }
    process.off('exit', this.#end)
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #makeKeys(): Promise<void> {
    const file = this.#at('keyring')
    const all = ['--cap', 'mon', 'allow *']
    await this.#run('ceph-authtool', '--create-keyring', file, '--gen-key', '-n', 'mon.', ...all)
    const osd = ['--cap', 'osd', 'allow *']
    await this.#run('ceph-authtool', file, '--gen-key', '-n', 'client.admin', ...all, ...osd)
    const gateway = ['--cap', 'mon', 'allow rwx', '--cap', 'osd', 'allow rwx']
    await this.#run('ceph-authtool', file, '--gen-key', '-n', 'client.rgw.a', ...gateway)
    await this.#run('ceph-authtool', file, '--gen-key', '-n', 'osd.0', '--cap', 'mon', 'allow profile osd', ...osd)
  }

  #configuration(id: string, monitor: number, gateway: number): string {
    return `[global]
fsid = ${id}
mon host = [v2:127.0.0.1:${monitor}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${this.#at('keyring')}
run dir = ${this.#at('run')}
admin socket = ${this.#at('run')}/$name.asok
log file = ${this.#at('$name.log')}
pid file =
ms bind ipv6 = false
setuser match path =
mon allow pool size one = true
mon allow pool delete = true
mon warn on pool no redundancy = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = ${16 * 1024 ** 3}
[mon.a]
mon data = ${this.#at('mon')}
mon addr = 127.0.0.1:${monitor}
[osd.0]
osd data = ${this.#at('osd')}
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw data = ${this.#at('rgw')}
rgw enable usage log = false
rgw gc obj min wait = 5
rgw gc processor period = 5
`
  }

  #at(name: string): string {
    return join(this.#folder, name)
  }

  #conf(): readonly string[] {
    return ['-c', this.#at('ceph.conf')]
  }

  #keys(): readonly string[] {
    return ['--keyring', this.#at('keyring')]
  }

  #ceph(...args: readonly string[]): Promise<string> {
    return this.#run('ceph', ...this.#conf(), ...this.#keys(), '-n', 'client.admin', ...args)
  }

  async #run(program: string, ...args: readonly string[]): Promise<string> {
    return (await run(program, args, { timeout: patienceMs / 2 })).stdout
  }

  async #spawn(program: string, ...args: readonly string[]): Promise<void> {
    const output = await open(this.#at(`${program}.out`), 'w')
    const child = spawn(program, args, { stdio: ['ignore', output.fd, output.fd] })
    this.#daemons.push({ child, exited: once(child, 'exit') })
    await output.close()
  }

  /** They tell nobody when they are ready. */
  async #until(what: string, ask: () => Promise<boolean>): Promise<void> {
    while (!(await ask().catch(() => false))) {
      if (this.#late.aborted) throw new Error(`not within ${patienceMs} ms: ${what}`)
      await scheduler.wait(50)
    }
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}
