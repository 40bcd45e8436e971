import { hash } from 'node:crypto'
import { type Digest, encodedOf } from '@berth/digest'
import { escapeHtml, formatJson } from '../format-json.ts'
import type { BuiltManifest, ManifestBuilder } from '../manifest-builder.ts'
import {
  formatSchema1Body,
  refuse,
  type Schema1Body,
  type Schema1Identity,
  type Schema1Step,
  signSchema1,
} from './build-schema1.ts'
import { emptyLayer } from './empty-layer.ts'
import { type HistoryEntry, type ImageConfig, parseImageConfig } from './image-config.ts'

/**
 * Builds a signed schema1 manifest of an image's configuration and the layers of its schema2 manifest: the same bytes as
 * Distribution, whatever built the image, so that it has one digest everywhere. Its ids are made up.
 */
export class ConfigBuilder implements ManifestBuilder<{ readonly digest: Digest }> {
  readonly #identity: Schema1Identity
  readonly #config: Uint8Array
  readonly #layers: Digest[] = []

  /** @param options.config the bytes of the image's configuration */
  constructor({ config, ...identity }: Schema1Identity & { readonly config: Uint8Array }) {
    this.#identity = identity
    this.#config = config
  }

  append({ digest }: { readonly digest: Digest }): this {
    this.#layers.push(digest)
    return this
  }

  build(): BuiltManifest {
    return signSchema1(convertImage(this.#config, this.#layers), this.#identity)
  }
}

/**
 * The part of a schema1 manifest that follows from an image's content. It is nearly all of the work of a conversion.
 *
 * @param content the bytes of the image's configuration
 * @param layers from the base upwards
 * @throws RegistryError MANIFEST_INVALID: schema1 cannot be made of this image
 */
export function convertImage(content: Uint8Array, layers: readonly Digest[]): Schema1Body {
  const config = parseImageConfig(content)
  const { architecture, history, layerCount } = config
  if (layerCount !== layers.length)
    throw refuse(`number of descriptors and number of layers in rootfs must match: ${layers.length} and ${layerCount}`)
  const digests = digestsOf(history, layers)
  const blobs = history.some(({ isEmptyLayer }) => isEmptyLayer) ? [emptyLayer] : []
  return formatSchema1Body(architecture, stepsOf(content, config, digests).toReversed(), blobs)
}

/** The layer of each entry of the history. */
function digestsOf(history: readonly HistoryEntry[], layers: readonly Digest[]): readonly Digest[] {
  let used = 0
  return history.map(({ isEmptyLayer }) => {
    const digest = isEmptyLayer ? emptyLayer.digest : layers[used++]
    if (digest === undefined) throw refuse('too many non-empty layers in History section')
    return digest
  })
}

function stepsOf(content: Uint8Array, config: ImageConfig, digests: readonly Digest[]): readonly Schema1Step[] {
  const { baseLayer, history } = config
  const steps: Schema1Step[] = []
  let parent = ''
  for (const [index, digest] of digests.entries()) {
    const entry = history[index] as HistoryEntry
    if (index === digests.length - 1) {
      steps.push({ digest, history: topOf(content, config, digest, parent, entry) })
      break
    }
    const id = hash('sha256', `${encodedOf(digest)} ${parent}`)
    // Only Windows images have a base layer: what lies below the first layer.
    if (index === 0 && baseLayer !== '') parent = hash('sha384', baseLayer).slice(0, 64)
    steps.push({ digest, history: formatJson(compatibilityOf(id, parent, entry)) })
    parent = id
  }
  return steps
}

/** The uppermost step has all of the configuration except what schema1 has elsewhere, its members in order. */
function topOf(
  content: Uint8Array,
  config: ImageConfig,
  digest: Digest,
  parent: string,
  { isEmptyLayer }: HistoryEntry,
): string {
  const before = Buffer.from(`${encodedOf(digest)} ${parent} `)
  const id = hash('sha256', Buffer.concat([before, content]))
  const members = new Map(config.members)
  for (const name of ['rootfs', 'history']) members.delete(name)
  members.set('id', JSON.stringify(id))
  if (parent !== '') members.set('parent', JSON.stringify(parent))
  if (isEmptyLayer) members.set('throwaway', 'true')
  const sorted = [...members].map(([name, value]) => [bytesOf(name), name, value] as const)
  sorted.sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${sorted.map(([, name, value]) => `${formatJson(name.toWellFormed())}:${escapeHtml(value)}`).join(',')}}`
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
