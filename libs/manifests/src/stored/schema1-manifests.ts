import type { Blobs } from '@berth/blobs'
import { collect, LruCache } from '@berth/bytes'
import { algorithmOf, type Digest, digestOf } from '@berth/digest'
import { RegistryError, registryErrors } from '@berth/errors'
import {
  type BuiltManifest,
  convertImage,
  openSchema1,
  type OpenedSchema1,
  parseStoredManifest,
  type Schema1Body,
  signManifest,
  signSchema1,
  SigningKey,
} from '@berth/manifest'
import type { RepositoryName, Tag } from '@berth/reference'
import { Turns } from '@berth/storage'
import type { StoredManifest } from '../manifests.ts'
import { Recollection } from './recollection.ts'
import { putMissing } from './put-missing.ts'

export interface Schema1Options {
  /** Whether schema1 manifests may be pushed. Those that are stored are served anyway. Default: no. */
  readonly acceptsPushes?: boolean
  /** Signs what is served. Default: a new one. */
  readonly key?: SigningKey
  /** Whether the layer that stands for no layer may be stored where a conversion needs it. Default: yes. */
  readonly mayStoreLayer?: boolean
  readonly now?: () => Date
}

/** As in Distribution. */
const maxConfigSize = 4 * 1024 * 1024
/** Maximum size of each cache, in bytes. */
const maxRemembered = { signed: 16 * 1024 * 1024, converted: 16 * 1024 * 1024, bodies: 16 * 1024 * 1024 }

/** Manifests of schema1: signed by their clients as they are pushed, by the registry as they are served, and made of schema2. */
export class Schema1Manifests {
  readonly #blobs: Pick<Blobs, 'statAll' | 'read' | 'put'>
  readonly #acceptsPushes: boolean
  readonly #mayStoreLayer: boolean
  readonly #now: () => Date
  /** One image is converted at a time: that may take a whole configuration in memory, and much of a processor. */
  readonly #turns = new Turns(1)
  readonly #signed = new LruCache<Digest, Uint8Array>({ maxWeight: maxRemembered.signed })
  /** By image: the part of its conversion that is the same in each repository and by each tag. */
  readonly #bodies = new LruCache<Digest, Schema1Body | RegistryError>({ maxWeight: maxRemembered.bodies })
  /** By image and tag: what was made, or why nothing could be. Both follow from what is stored, which does not change. */
  readonly #converted = new Recollection<BuiltManifest | RegistryError>({
    maxWeight: maxRemembered.converted,
    weigh: (key, made) => key.length + 1000 + (made instanceof RegistryError ? 0 : made.content.byteLength),
  })
  #key: SigningKey | undefined

  constructor(options: Schema1Options & { readonly blobs: Pick<Blobs, 'statAll' | 'read' | 'put'> }) {
    this.#blobs = options.blobs
    this.#acceptsPushes = options.acceptsPushes ?? false
    this.#mayStoreLayer = options.mayStoreLayer ?? true
    this.#now = options.now ?? (() => new Date())
    this.#key = options.key
  }

  /** @throws as `openSchema1`; RegistryError MANIFEST_INVALID where none may be pushed */
  open(content: Uint8Array): OpenedSchema1 {
    if (this.#acceptsPushes) return openSchema1(content)
    throw new RegistryError('MANIFEST_INVALID', {
      reason: 'schema1 manifests are not accepted (compatibility.schema1.enabled)',
    })
  }

  /** A stored payload with the registry's signature: those that it was pushed with are not kept. */
  sign(stored: StoredManifest): StoredManifest {
    const { digest } = stored
    let content = this.#signed.get(digest)
    if (content === undefined) {
      content = signManifest(stored.content, this.#signingKey, this.#now())
      this.#signed.set(digest, content, content.byteLength + 500)
    }
    return { ...stored, content }
  }

  /**
   * A schema2 manifest as schema1, whose name and tag are those that it is asked for by. `undefined`: it is one that
   * names no configuration, as far as it can be read.
   *
   * @throws RegistryError MANIFEST_INVALID: its configuration is missing, or says nothing that schema1 could be made of
   */
  async convert(repository: RepositoryName, tag: Tag, stored: StoredManifest): Promise<StoredManifest | undefined> {
    const key = `${repository}:${tag}@${stored.digest}`
    const made = await this.#converted.read(key, () => this.#build(repository, tag, stored))
    if (made === undefined) return undefined
    if (made instanceof RegistryError) throw made
    const { mediaType, digest, content, blobs } = made
    // Each time: nothing that is stored names them, so that a collection may have taken them since.
    await putMissing(this.#blobs, repository, blobs, this.#mayStoreLayer)
    return { mediaType, digest, content }
  }

  get #signingKey(): SigningKey {
    return (this.#key ??= SigningKey.generate())
  }

  async #build(
    repository: RepositoryName,
    tag: Tag,
    stored: StoredManifest,
  ): Promise<BuiltManifest | RegistryError | undefined> {
    const body = await this.#bodyOf(repository, stored)
    if (body === undefined || body instanceof RegistryError) return body
    return unlessRefused(() => signSchema1(body, { name: repository, tag, key: this.#signingKey, time: this.#now() }))
  }

  async #bodyOf(
    repository: RepositoryName,
    { digest, content }: StoredManifest,
  ): Promise<Schema1Body | RegistryError | undefined> {
    const { references } = parseStoredManifest(content)
    const config = references.find(({ role }) => role === 'config')?.descriptor.digest
    if (config === undefined) return undefined
    return this.#turns.run(async () => {
      const known = this.#bodies.get(digest)
      // It shows the configuration, which another repository's image may name without having it.
      if (known !== undefined && (await this.#has(repository, config))) return known
      const bytes = await this.#readConfig(repository, config)
      const layers = references.filter(({ role }) => role === 'layer').map(({ descriptor }) => descriptor.digest)
      const body = unlessRefused(() => convertImage(bytes, layers))
      this.#bodies.set(digest, body, 1000 + (body instanceof RegistryError ? 0 : body.steps.byteLength))
      return body
    })
  }

  async #has(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const [found] = await this.#blobs.statAll(repository, [digest])
    return found !== undefined
  }

  async #readConfig(repository: RepositoryName, digest: Digest): Promise<Uint8Array> {
    try {
      const config = await collect(await this.#blobs.read(repository, digest), maxConfigSize)
      if (digestOf(config, algorithmOf(digest)) !== digest) throw new Error(`the content of ${digest} is damaged`)
      return config
    } catch (error) {
      const [fault] = registryErrors(error)
      if (fault?.code !== 'BLOB_UNKNOWN' && fault?.code !== 'SIZE_INVALID') throw error
      const reason = fault.code === 'BLOB_UNKNOWN' ? 'is missing' : 'is larger than 4 MiB'
      throw new RegistryError(
        'MANIFEST_INVALID',
        { reason: `cannot be given as schema1: its configuration ${digest} ${reason}`, field: 'config' },
        { cause: error },
      )
    }
  }
}

function unlessRefused<T>(build: () => T): T | RegistryError {
  try {
    return build()
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}
