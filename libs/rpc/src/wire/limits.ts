import { RegistryError } from '@berth/errors'

const mebibyte = 1024 * 1024

/** A manifest (4 MiB), the digests of all that one can name, or a small blob, with room to spare. */
export const maxMessageBytes = 16 * mebibyte
const maxContentBytes = 8 * mebibyte

/** @throws RegistryError SIZE_INVALID: more than one message is to carry */
export function checkContentSize(content: Uint8Array): void {
  if (content.byteLength > maxContentBytes) throw new RegistryError('SIZE_INVALID', { limit: maxContentBytes })
}
