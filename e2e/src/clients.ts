import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** skopeo, podman and buildah as Debian has them, each with nothing of this machine's: no home, store or policy. */
export class Clients {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder
    this.#env = env
  }

  /** @param folder an existing directory, where all that they keep will lie */
  static async in(folder: string): Promise<Clients> {
    const home = join(folder, 'home')
    await mkdir(home, { recursive: true })
    const files = {
      CONTAINERS_CONF: `
        [containers]
        default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "none"`,
      CONTAINERS_REGISTRIES_CONF: 'unqualified-search-registries = []',
    }
    const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home }
    for (const [variable, content] of Object.entries(files)) {
      const file = join(home, `${variable.toLowerCase()}.conf`)
      await writeFile(file, content)
      env[variable] = file
    }
    const policy = join(home, '.config/containers')
    await mkdir(policy, { recursive: true })
    await writeFile(join(policy, 'policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
    return new Clients(folder, env)
  }

  /** Returns what it printed. @throws Error with what it printed, where it fails */
  skopeo(...args: readonly string[]): Promise<string> {
    return this.#run('skopeo', args)
  }

  /** Copies without regard for TLS, as all registries here speak plain HTTP. */
  copy(from: string, to: string, ...options: readonly string[]): Promise<string> {
    return this.skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...options, from, to)
  }

  /** A podman, or a buildah, with an empty store of its own. */
  async withStore(program: 'podman' | 'buildah'): Promise<(...args: readonly string[]) => Promise<string>> {
    const store = await mkdtemp(join(this.#folder, `${program}-`))
    const own = ['--root', join(store, 'root'), '--runroot', join(store, 'run'), '--storage-driver', 'vfs']
    return (...args) => this.#run(program, [...own, ...args])
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, { env: this.#env, cwd: this.#folder })
    return stdout.trim()
  }
}
