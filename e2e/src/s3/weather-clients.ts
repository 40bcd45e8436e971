import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Clients } from '../clients.ts'
import { blobNamed, contentOf, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { type LayoutImage, writeLayout } from '../oci-layout.ts'
import { readContents } from '../registry-contents.ts'
import { ChunkedPush } from '../split/chunked-push.ts'
import { GeneratedBlob } from '../split/generated-blob.ts'
import type { BucketRegistry } from './bucket-registry.ts'
import type { Told } from './told.ts'

const mebibyte = 1024 * 1024

/** An image with a layer of several parts. */
function largeImage(name: string): LayoutImage {
  const contents = [blobNamed(name, 12 * mebibyte).bytes, Buffer.from(name)]
  const layers = contents.map((content) => contentOf(gzipSync(content, { level: 1 })))
  const rootfs = { type: 'layers', diff_ids: contents.map((content) => contentOf(content).digest) }
  const config = jsonOf({ architecture: 'amd64', os: 'linux', rootfs })
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorOf(mediaTypes.config, config),
    layers: layers.map((layer) => descriptorOf(mediaTypes.layer, layer)),
  })
  return { manifest, config, layers }
}

/** What can be pushed again and again without being made anew. */
export interface Pushable {
  readonly image: LayoutImage
  /** The directory it lies in. */
  readonly layout: string
}

/** Clients of a registry whose store is in any weather: what they do is done, or is told of as refused. */
export class WeatherClients {
  readonly #registry: BucketRegistry
  readonly #clients: Clients

  private constructor(registry: BucketRegistry, clients: Clients) {
    this.#registry = registry
    this.#clients = clients
  }

  static async of(registry: BucketRegistry): Promise<WeatherClients> {
    return new WeatherClients(registry, await Clients.in(registry.folder))
  }

  /** Makes an image, which keeps this process busy for a while. */
  async make(name: string): Promise<Pushable> {
    const image = largeImage(name)
    const layout = join(this.#registry.folder, name.replaceAll('/', '-'))
    await writeLayout(layout, 'latest', image)
    return { image, layout }
  }

  /** Pushes an image of its own. @returns what was pushed, if it was */
  async push(repository: string, told: Told): Promise<LayoutImage | undefined> {
    const made = await this.make(repository)
    const pushed = await this.pushMade(made, repository, told)
    await rm(made.layout, { recursive: true })
    return pushed
  }

  /** @returns what was pushed, if it was */
  async pushMade({ image, layout }: Pushable, repository: string, told: Told): Promise<LayoutImage | undefined> {
    if (!(await told.attempt(() => this.#clients.copy(`oci:${layout}:latest`, this.#remote(repository)))))
      return undefined
    told.acknowledged.set(`${repository}/manifests/latest`, image.manifest.digest)
    return image
  }

  /** skopeo compares all that it is given with the digests. */
  async pull(repository: string, told: Told): Promise<void> {
    const target = await mkdtemp(join(this.#registry.folder, 'pulled-'))
    await told.attempt(() => this.#clients.copy(this.#remote(repository), `dir:${target}`))
    await rm(target, { recursive: true })
  }

  /** A blob of so many MiB in chunks of one. */
  chunks(repository: string, mebibytes: number): { push: ChunkedPush; blob: GeneratedBlob } {
    const blob = new GeneratedBlob(mebibytes * mebibyte, repository)
    const next = (): Promise<string> => Promise.resolve(this.#registry.host)
    return { blob, push: new ChunkedPush({ blob, repository, chunkBytes: mebibyte, next }) }
  }

  async pushInChunks(repository: string, told: Told): Promise<void> {
    const { push, blob } = this.chunks(repository, 7)
    const digest = blob.digest()
    if (await told.attempt(() => push.push(digest))) told.acknowledged.set(`${repository}/blobs/${digest}`, digest)
  }

  /**
   * Reads all that the registry has.
   *
   * @returns what was acknowledged, as far as it is another in it
   * @throws Error something is there by half
   */
  async findLost({ acknowledged }: Told): Promise<readonly string[]> {
    const blobs = [...acknowledged.keys()].filter((path) => path.includes('/blobs/'))
    const contents = await readContents(this.#registry.host, blobs)
    const lost = [...acknowledged].filter(([path, digest]) => contents.get(path)?.digest !== digest)
    return lost.map(([path]) => path)
  }

  #remote(repository: string): string {
    return `docker://${this.#registry.host}/${repository}:latest`
  }
}
