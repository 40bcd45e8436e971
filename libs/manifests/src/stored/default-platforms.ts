import { LruCache } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import { parseStoredManifest } from '@berth/manifest'
import type { StoredManifest } from '../manifests.ts'

const maxRemembered = 10_000

/** The manifest of a list that clients without a notion of platforms are meant to have: the first for linux on amd64. */
export class DefaultPlatforms {
  readonly #found = new LruCache<Digest, { readonly child: Digest | undefined }>({ maxWeight: maxRemembered })

  /** @returns `unreadable` if the list is one of which the children cannot be told */
  find({ digest, content }: StoredManifest): Digest | 'unreadable' | undefined {
    const known = this.#found.get(digest)
    if (known !== undefined) return known.child
    const list = unlessInvalid(parseStoredManifest, content)
    if (list === undefined) return 'unreadable'
    const child = list.references.find(
      ({ descriptor: { platform } }) => platform?.os === 'linux' && platform.architecture === 'amd64',
    )?.descriptor.digest
    this.#found.set(digest, { child })
    return child
  }
}
