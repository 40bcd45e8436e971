import type { Blobs } from '@berth/blobs'
import { ByteBudget, collect, LruCache } from '@berth/bytes'
import { algorithmOf, type Digest, digestOf } from '@berth/digest'
import { RegistryError, registryErrors } from '@berth/errors'
import {
  type BuiltManifest,
  ConfigBuilder,
  openSchema1,
  type OpenedSchema1,
  parseStoredManifest,
  signManifest,
  SigningKey,
} from '@berth/manifest'
import type { RepositoryName, Tag } from '@berth/reference'
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
/** What all configurations that are being converted may have in memory at a time. */
const maxConverting = 8 * maxConfigSize
const maxRemembered = { signed: 16 * 1024 * 1024, converted: 16 * 1024 * 1024 }

/** Manifests of schema1: signed by their clients as they are pushed, by the registry as they are served, and made of schema2. */
export class Schema1Manifests {
  readonly #blobs: Pick<Blobs, 'statAll' | 'read' | 'put'>
  readonly #acceptsPushes: boolean
  readonly #mayStoreLayer: boolean
  readonly #now: () => Date
  readonly #converting = new ByteBudget(maxConverting)
  readonly #signed = new LruCache<Digest, Uint8Array>({ maxWeight: maxRemembered.signed })
  /** What was made, or why nothing could be: both follow from what is stored, which does not change. */
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
   * A schema2 manifest as schema1, whose name and tag are those that it is asked for by.
   *
   * @throws RegistryError MANIFEST_INVALID: its configuration is missing, or says nothing that schema1 could be made of
   */
  async convert(repository: RepositoryName, tag: Tag, stored: StoredManifest): Promise<StoredManifest> {
    const key = `${repository}:${tag}@${stored.digest}`
    const made = await this.#converted.read(key, () => this.#build(repository, tag, stored))
    if (made === undefined || made instanceof RegistryError) throw made ?? new Error('a conversion was lost')
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
    { content }: StoredManifest,
  ): Promise<BuiltManifest | RegistryError> {
    const { references } = parseStoredManifest(content)
    const digest = references.find(({ role }) => role === 'config')?.descriptor.digest
    if (digest === undefined) throw new Error('a schema2 manifest without a configuration')
    const taken = await this.#converting.take(maxConfigSize)
    try {
      const config = await this.#readConfig(repository, digest)
      const builder = new ConfigBuilder({ name: repository, tag, key: this.#signingKey, time: this.#now(), config })
      for (const { role, descriptor } of references) if (role === 'layer') builder.append(descriptor)
      return buildOrRefuse(builder)
    } finally {
      this.#converting.give(taken)
    }
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

function buildOrRefuse(builder: ConfigBuilder): BuiltManifest | RegistryError {
  try {
    return builder.build()
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}
