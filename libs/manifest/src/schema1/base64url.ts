/** RFC 4648, section 5, without padding, as in JOSE. */
export function encodeBase64url(content: Uint8Array | string): string {
  return Buffer.from(content).toString('base64url')
}

/**
 * The bytes that `text` stands for; `undefined` where it is not exactly what `encodeBase64url` writes. Decoders that
 * forgive more read several texts as one, so that a text could be changed and still be the same.
 */
export function decodeBase64url(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
