import { parseDigest } from '@berth/digest'
import type { Manifests } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import type { ManifestsServiceServer } from '../gen/registry/v1/manifests.ts'
import { fromFormatMessage } from '../wire/former-formats.ts'
import type { Calls } from './calls.ts'

/** `ManifestsService` in terms of `Manifests`. */
export function serveManifests(manifests: Manifests, calls: Calls): ManifestsServiceServer {
  return {
    getManifest: calls.unary(async ({ repository, reference, newest, contentLimit = Infinity }) => {
      // No tag has a colon, and every digest has.
      const parsed = reference.includes(':') ? parseDigest(reference) : parseTag(reference)
      const { mediaType, digest, content } = await manifests.get(
        parseRepositoryName(repository),
        parsed,
        fromFormatMessage(newest),
      )
      const { byteLength } = content
      if (byteLength > contentLimit) return { mediaType, digest, content: new Uint8Array(), contentSize: byteLength }
      return { mediaType, digest, content }
    }),

    putManifest: calls.unary(async ({ repository, digest, tags, mediaType, content }, signal) => {
      const upload = {
        ...(digest !== undefined && { digest: parseDigest(digest) }),
        tags: tags.map(parseTag),
        mediaType,
        content,
      }
      const pushed = await manifests.put(parseRepositoryName(repository), upload, signal)
      const { warnings = [] } = pushed
      return { digest: pushed.digest, subject: pushed.subject, tags: [...pushed.tags], warnings: [...warnings] }
    }),

    deleteManifest: calls.unary(async ({ repository, digest }) => {
      const tags = await manifests.delete(parseRepositoryName(repository), parseDigest(digest))
      return { tags: [...tags] }
    }),
  }
}
