import { RegistryError } from '@berth/errors'
import { tagPattern } from './grammar.ts'

/** A name that moves between manifests: one to 128 word characters, dots and dashes, the first a word character. */
export type Tag = string & { readonly __brand: 'Tag' }

const form = new RegExp(`^${tagPattern}$`)

/** @throws RegistryError TAG_INVALID */
export function parseTag(text: string): Tag {
  if (!form.test(text)) throw new RegistryError('TAG_INVALID', { tag: text, reason: 'invalid tag format' })
  return text as Tag
}
