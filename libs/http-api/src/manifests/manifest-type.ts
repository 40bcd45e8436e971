import { MIMEType } from 'node:util'
import { RegistryError } from '@berth/errors'
import { detectMediaType, mediaTypes } from '@berth/manifest'

/**
 * The media type that a manifest is pushed as, in lower case and without parameters. Where the client does not say,
 * what the manifest says of itself.
 *
 * @throws RegistryError MANIFEST_INVALID: neither says, or what the client says is no media type
 * @see OCI distribution-spec, "Pushing Manifests"
 */
export function manifestTypeOf(contentType: string | undefined, content: Uint8Array): string {
  if (contentType === undefined || contentType === '') {
    const detected = detectMediaType(content)
    if (detected !== undefined) return detected
    throw new RegistryError('MANIFEST_INVALID', {
      reason: 'neither a Content-Type header nor the content says what kind of manifest it is',
    })
  }
  try {
    const type = new MIMEType(contentType).essence
    // What clients called schema1 before its own type was agreed on. Of anything else it says too little.
    const isFormer = type === 'application/json' && detectMediaType(content) === mediaTypes.schema1Signed
    return isFormer ? mediaTypes.schema1Signed : type
  } catch (error) {
    const reason = `Content-Type is no media type: ${contentType}`
    throw new RegistryError('MANIFEST_INVALID', { reason }, { cause: error })
  }
}
