import { type Digest, parseDigest } from '@berth/digest'
import { parseTag, type Tag } from '@berth/reference'

/** What a manifest is asked for by. */
export type ManifestReference =
  { readonly tag: Tag; readonly digest?: undefined } | { readonly digest: Digest; readonly tag?: undefined }

/**
 * A colon, which no tag has, makes it a digest.
 *
 * @throws RegistryError TAG_INVALID or DIGEST_INVALID: not one
 */
export function parseReference(text: string): ManifestReference {
  return text.includes(':') ? { digest: parseDigest(text) } : { tag: parseTag(text) }
}
