import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { EventAction } from '../event.ts'
import type { Happening } from '../recorder.ts'

/** The media type of every blob in events, as in CNCF Distribution. */
const blobMediaType = 'application/octet-stream'

/** Something that happened to a blob that is there. */
export function blobHappening(
  action: Exclude<EventAction, 'delete'>,
  repository: RepositoryName,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  fromRepository?: RepositoryName,
): Happening {
  const target = { mediaType: blobMediaType, size, digest, repository, ...(fromRepository && { fromRepository }) }
  return { action, target, path: `${repository}/blobs/${digest}` }
}
