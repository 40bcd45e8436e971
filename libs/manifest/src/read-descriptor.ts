import { type Descriptor, parseDescriptor } from '@berth/descriptor'
import { parseDigest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import type { Faults } from './faults.ts'
import type { JsonObject } from './json/read-document.ts'

/** Maximum number of descriptors that a warning names. */
const maxNamed = 5

/** Checks the descriptors of a pushed manifest, and gathers their faults. */
export class PushedDescriptors {
  readonly #faults: Faults
  readonly #withoutSize: string[] = []
  #countWithoutSize = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  get areEnough(): boolean {
    return this.#faults.areEnough
  }

  /** Faults that are accepted. dockerd leaves out a size of 0, and Distribution reads 0 where it is missing. */
  get warnings(): readonly string[] {
    if (this.#countWithoutSize === 0) return []
    const others = this.#countWithoutSize - this.#withoutSize.length
    const named = this.#withoutSize.join(', ') + (others > 0 ? ` and ${others} more` : '')
    return [`descriptors should have a size, and it is missing in ${named}: taken as 0`]
  }

  /** `undefined`: it is invalid, and a fault is added. */
  read(value: unknown, field: string): Descriptor | undefined {
    const hasNoSize = isObject(value) && !Object.hasOwn(value, 'size')
    const descriptor = this.#faults.attempt(() => parseDescriptor(hasNoSize ? { ...value, size: 0 } : value, field))
    if (descriptor === undefined) return undefined
    if (hasNoSize && ++this.#countWithoutSize <= maxNamed) this.#withoutSize.push(field)
    const { annotations, data, artifactType, ...kept } = descriptor
    // Most descriptors have nothing that is not kept, and a manifest may have tens of thousands.
    return (annotations ?? data ?? artifactType) === undefined ? descriptor : kept
  }
}

/** A descriptor of a stored manifest: as much of it as is valid. `undefined`: it names no content. */
export function storedDescriptor(value: unknown): Descriptor | undefined {
  if (!isObject(value)) return undefined
  const { mediaType, digest, size, urls, platform } = value
  const parsed = typeof digest === 'string' ? unlessInvalid(parseDigest, digest) : undefined
  if (parsed === undefined) return undefined
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest: parsed,
    size: Number.isSafeInteger(size) ? Math.max(0, size as number) : 0,
    ...(isTextList(urls) && { urls }),
    ...(isObject(platform) && { platform }),
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
