import { contentOf, mediaTypes } from './flow-player/content.ts'
import { Wire } from './flow-player/wire.ts'

/** Everything that a registry serves, by its path below `/v2/`: what it is, as headers tell it, and what it hashes to. */
export type Contents = ReadonlyMap<string, { readonly type: string | undefined; readonly digest: string }>

interface Descriptor {
  readonly digest: string
}

interface Manifest {
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
}

const accept = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerList].join(', ')

/**
 * Reads all of a registry: every repository, tag, manifest and blob, and whatever else is asked for by path.
 *
 * @throws Error where anything that is named somewhere is not served, or is not what its digest says
 */
export async function readContents(host: string, also: readonly string[] = []): Promise<Contents> {
  const wire = new Wire(host, { Accept: accept })
  try {
    const reader = new ContentsReader(wire)
    const { repositories } = await reader.list<{ repositories: string[] }>('_catalog')
    for (const repository of repositories) {
      const { tags } = await reader.list<{ tags: string[] | null }>(`${repository}/tags/list`)
      for (const tag of tags ?? []) await reader.readManifest(repository, tag)
    }
    for (const path of also) await reader.read(path)
    return new Map([...reader.contents].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  } finally {
    wire.close()
  }
}

class ContentsReader {
  readonly contents = new Map<string, { type: string | undefined; digest: string }>()
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  async list<T>(path: string): Promise<T> {
    const { status, body } = await this.#wire.send('GET', `/v2/${path}`)
    if (status !== 200) throw new Error(`${path} is answered with ${status}: ${body.toString()}`)
    return JSON.parse(body.toString()) as T
  }

  async readManifest(repository: string, reference: string): Promise<void> {
    const body = await this.read(`${repository}/manifests/${reference}`)
    if (body === undefined) return
    const { config, layers = [], manifests = [] } = JSON.parse(body.toString()) as Manifest
    for (const { digest } of [...(config ? [config] : []), ...layers]) await this.read(`${repository}/blobs/${digest}`)
    for (const { digest } of manifests) await this.readManifest(repository, digest)
  }

  /** Returns the content, or nothing where it was read before. */
  async read(path: string): Promise<Buffer | undefined> {
    if (this.contents.has(path)) return undefined
    const { status, headers, body } = await this.#wire.send('GET', `/v2/${path}`)
    if (status !== 200) throw new Error(`${path} is answered with ${status}: ${body.toString()}`)
    // A store that a client was sent to knows nothing of digests.
    const claimed = String(headers['docker-content-digest'] ?? path.split('/').at(-1))
    const { digest } = contentOf(body, claimed.startsWith('sha512:') ? 'sha512' : 'sha256')
    if (digest !== claimed) throw new Error(`${path} claims to be ${claimed}, and is ${digest}`)
    this.contents.set(path, { type: headers['content-type'], digest })
    return body
  }
}
