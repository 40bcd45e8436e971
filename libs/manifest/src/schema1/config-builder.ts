import { hash } from 'node:crypto'
import { type Digest, encodedOf } from '@berth/digest'
import { escapeHtml, formatJson } from '../format-json.ts'
import type { BuiltManifest, ManifestBuilder } from '../manifest-builder.ts'
import { buildSchema1, refuse, type Schema1Identity, type Schema1Step } from './build-schema1.ts'
import { emptyLayer } from './empty-layer.ts'
import { type HistoryEntry, type ImageConfig, parseImageConfig } from './image-config.ts'
import { rawMembers } from './raw-members.ts'

/**
 * Builds a signed schema1 manifest of an image's configuration and the layers of its schema2 manifest: the same bytes as
 * Distribution, whatever built the image, so that it has one digest everywhere. Its ids are made up.
 */
export class ConfigBuilder implements ManifestBuilder<{ readonly digest: Digest }> {
  readonly #identity: Schema1Identity
  readonly #content: Uint8Array
  readonly #layers: Digest[] = []

  /** @param options.config the image's configuration, the bytes of it */
  constructor({ config, ...identity }: Schema1Identity & { readonly config: Uint8Array }) {
    this.#identity = identity
    this.#content = config
  }

  append({ digest }: { readonly digest: Digest }): this {
    this.#layers.push(digest)
    return this
  }

  build(): BuiltManifest {
    const config = parseImageConfig(this.#content)
    const { architecture, history } = config
    if (config.layerCount !== this.#layers.length)
      throw refuse(
        `number of descriptors and number of layers in rootfs must match: ${this.#layers.length} and ${config.layerCount}`,
      )
    const digests = this.#digestsOf(history)
    const blobs = history.some(({ isEmptyLayer }) => isEmptyLayer) ? [emptyLayer] : []
    return buildSchema1(this.#identity, architecture, this.#stepsOf(config, digests).toReversed(), blobs)
  }

  /** The layer of each entry of the history. */
  #digestsOf(history: readonly HistoryEntry[]): readonly Digest[] {
    let used = 0
    return history.map(({ isEmptyLayer }) => {
      const digest = isEmptyLayer ? emptyLayer.digest : this.#layers[used++]
      if (digest === undefined) throw refuse('too many non-empty layers in History section')
      return digest
    })
  }

  #stepsOf({ baseLayer, history }: ImageConfig, digests: readonly Digest[]): readonly Schema1Step[] {
    const steps: Schema1Step[] = []
    let parent = ''
    for (const [index, digest] of digests.entries()) {
      const entry = history[index] as HistoryEntry
      if (index === digests.length - 1) {
        steps.push({ digest, history: this.#topOf(digest, parent, entry) })
        break
      }
      const id = hash('sha256', `${encodedOf(digest)} ${parent}`)
      // Of Windows: what lies below the first layer.
      if (index === 0 && baseLayer !== '') parent = hash('sha384', baseLayer).slice(0, 64)
      steps.push({ digest, history: formatJson(compatibilityOf(id, parent, entry)) })
      parent = id
    }
    return steps
  }

  /** The uppermost has all of the configuration but what schema1 has elsewhere, its members in order. */
  #topOf(digest: Digest, parent: string, { isEmptyLayer }: HistoryEntry): string {
    const before = Buffer.from(`${encodedOf(digest)} ${parent} `)
    const id = hash('sha256', Buffer.concat([before, this.#content]))
    const members = rawMembers(Buffer.from(this.#content).toString())
    for (const name of ['rootfs', 'history']) members.delete(name)
    members.set('id', JSON.stringify(id))
    if (parent !== '') members.set('parent', JSON.stringify(parent))
    if (isEmptyLayer) members.set('throwaway', 'true')
    const sorted = [...members].map(([name, value]) => [bytesOf(name), name, value] as const)
    sorted.sort(([one], [other]) => (one < other ? -1 : 1))
    return `{${sorted.map(([, name, value]) => `${formatJson(name.toWellFormed())}:${escapeHtml(value)}`).join(',')}}`
  }
}

/** A text of a character for each byte, by which texts are in the order of their bytes, as Go has them. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** What schema1 says of a layer that is not the uppermost: enough to be told from others. */
function compatibilityOf(id: string, parent: string, entry: HistoryEntry): object {
  const { comment, created, createdBy, author, isEmptyLayer } = entry
  return {
    id,
    ...(parent !== '' && { parent }),
    ...(comment !== '' && { comment }),
    created,
    container_config: { Cmd: [createdBy] },
    ...(author !== '' && { author }),
    ...(isEmptyLayer && { throwaway: true }),
  }
}
