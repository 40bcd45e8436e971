import { MIMEType } from 'node:util'
import { RegistryError } from '@berth/errors'

/**
 * The media type that a manifest is pushed as, without parameters. Where the client does not say, what the manifest
 * says of itself.
 *
 * @throws RegistryError MANIFEST_INVALID: neither says, or what the client says is no media type
 * @see OCI distribution-spec, "Pushing Manifests"
 */
export function manifestTypeOf(contentType: string | undefined, content: Uint8Array): string {
  if (contentType === undefined || contentType === '') return embeddedType(content)
  try {
    return new MIMEType(contentType).essence
  } catch (error) {
    throw new RegistryError(
      'MANIFEST_INVALID',
      { reason: `Content-Type is no media type: ${contentType}` },
      { cause: error },
    )
  }
}

function embeddedType(content: Uint8Array): string {
  const reason = 'neither a Content-Type header nor a mediaType field says what it is'
  const manifest = parseJson(content)
  if (typeof manifest === 'object' && manifest !== null && 'mediaType' in manifest)
    if (typeof manifest.mediaType === 'string') return manifest.mediaType
  throw new RegistryError('MANIFEST_INVALID', { reason, field: 'mediaType' })
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString())
  } catch (error) {
    throw new RegistryError('MANIFEST_INVALID', { reason: `not JSON: ${(error as Error).message}` }, { cause: error })
  }
}
