import type { Descriptor } from '@berth/descriptor'
import { algorithmOf, type Digest, parseDigest } from '@berth/digest'

/** A blob as a repository's link and storage know it. */
export interface LinkedBlob {
  /** With the digest that was asked for. */
  readonly descriptor: Descriptor
  /** What the link holds: where the content is. Another algorithm's digest where Distribution wrote an alias. */
  readonly target: Digest
}

const mediaType = 'application/octet-stream'

/** A blob whose content is where a link to `target` leads. @param target of another algorithm where it is an alias */
export function linkedBlob(digest: Digest, size: number, target = digest): LinkedBlob {
  return { descriptor: { mediaType, digest, size }, target }
}

/**
 * As text, for caches outside this process. The digest that was asked for is the key, and not in it.
 *
 * @throws TypeError where the descriptor is none: what is cached would be believed
 */
export function formatLinkedBlob({ descriptor: { mediaType, size }, target }: LinkedBlob): string {
  if (mediaType === '' || !isSize(size)) throw new TypeError('only what is a descriptor can be cached')
  return JSON.stringify({ mediaType, size, target })
}

/** @returns what `formatLinkedBlob` wrote, or `undefined` where that is not what `text` is */
export function parseLinkedBlob(digest: Digest, text: string): LinkedBlob | undefined {
  try {
    const { mediaType, size, target }: Readonly<Record<string, unknown>> = JSON.parse(text)
    if (typeof mediaType !== 'string' || mediaType === '' || !isSize(size) || typeof target !== 'string')
      return undefined
    const linked = target === digest ? digest : parseDigest(target)
    return mayLeadTo(digest, linked) ? { descriptor: { mediaType, digest, size }, target: linked } : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether content under `target` may be what `digest` names. An alias is of another algorithm: of the same one, only the
 * digest itself can be the same content.
 */
export function mayLeadTo(digest: Digest, target: Digest): boolean {
  return target === digest || algorithmOf(target) !== algorithmOf(digest)
}

function isSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
}
