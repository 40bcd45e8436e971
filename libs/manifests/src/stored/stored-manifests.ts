import { setImmediate } from 'node:timers/promises'
import type { Blobs } from '@berth/blobs'
import type { Descriptor } from '@berth/descriptor'
import { algorithmOf, checkDigest, type Digest, digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { isSchema1MediaType, mediaTypes, type OpenedSchema1, parseManifest, referrerDescriptor } from '@berth/manifest'
import type { RepositoryName, Tag } from '@berth/reference'
import { forEachLimited, settleAll, StorageError, Turns } from '@berth/storage'
import type {
  FormerFormat,
  ManifestPolicy,
  Manifests,
  ManifestUpload,
  PushedManifest,
  StoredManifest,
} from '../manifests.ts'
import type { CatalogIndex } from './catalog-index.ts'
import { DefaultPlatforms } from './default-platforms.ts'
import { findParsed } from './find-parsed.ts'
import { type ManifestContents, maxManifestSize } from './manifest-contents.ts'
import { formatReferrerRecord } from './referrer-record.ts'
import type { Referring, RevisionRecords } from './revision-records.ts'
import type { Schema1Manifests } from './schema1-manifests.ts'
import type { TagRecords } from './tag-records.ts'
import { translating } from './translating.ts'
import { checkClass, verifyReferences } from './verify-references.ts'

const parallelTags = 8
/** Size in bytes above which a manifest is large, and the number of large manifests that are checked at a time. */
const large = { size: 256 * 1024, atOnce: 2 }
/** How many deletions in a row, by other processes, a push stands up to. */
const maxAttempts = 10

export interface ManifestParts {
  readonly contents: ManifestContents
  readonly revisions: RevisionRecords
  readonly tags: TagRecords
  readonly catalog: CatalogIndex
  readonly blobs: Pick<Blobs, 'statAll'>
  readonly policy: ManifestPolicy
  readonly schema1: Schema1Manifests
}

/** What is known of a pushed manifest once it may be stored. */
interface CheckedManifest {
  readonly payload: Uint8Array
  readonly digest: Digest
  readonly referring: Referring | undefined
  readonly warnings: readonly string[] | undefined
}

export class StoredManifests implements Manifests {
  readonly #parts: ManifestParts
  readonly #largeTurns = new Turns(large.atOnce)
  readonly #defaultPlatforms = new DefaultPlatforms()

  constructor(parts: ManifestParts) {
    this.#parts = parts
  }

  get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest> {
    const recalled = this.#recall(repository, reference)
    // What is asked for most is at hand, and costs no turn of the event loop.
    if (recalled !== undefined && newest === undefined && recalled.mediaType !== mediaTypes.schema1Signed)
      return Promise.resolve(recalled)
    return translating(async () => {
      const stored = recalled ?? (await this.#read(repository, reference))
      return newest === undefined || isDigest(reference)
        ? this.#signed(stored)
        : this.#inForm(repository, reference, stored, newest)
    })
  }

  async put(repository: RepositoryName, upload: ManifestUpload, signal?: AbortSignal): Promise<PushedManifest> {
    const { contents, revisions, catalog } = this.#parts
    const { byteLength } = upload.content
    if (byteLength > maxManifestSize) throw new RegistryError('SIZE_INVALID', { limit: maxManifestSize })
    const check = (): Promise<CheckedManifest> => this.#check(repository, upload, signal)
    const checked = byteLength > large.size ? this.#largeTurns.run(check, signal) : check()
    const { payload, digest, referring, warnings } = await checked
    const descriptor = { mediaType: upload.mediaType, digest, size: payload.byteLength }
    await translating(async () => {
      await contents.put(digest, payload, signal)
      signal?.throwIfAborted()
      // From here on it can be pulled by its digest, and is finished though the client may go.
      await settleAll([catalog.add(repository), revisions.link(repository, descriptor, referring)])
      if (upload.tags.length > 0) await this.#tag(repository, upload.tags, descriptor, referring)
    })
    return {
      digest,
      tags: upload.tags,
      ...(referring !== undefined && { subject: referring.subject }),
      ...(warnings !== undefined && { warnings }),
    }
  }

  async delete(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]> {
    const removed: Tag[] = []
    const remove = (): Promise<boolean> => this.#delete(repository, digest, removed)
    const wasThere = await translating(() => this.#parts.revisions.removing(repository, digest, remove))
    if (!wasThere) throw unknown(repository, digest)
    return removed
  }

  /** @param removed gets the tags that are removed. @returns whether there was such a revision */
  async #delete(repository: RepositoryName, digest: Digest, removed: Tag[]): Promise<boolean> {
    const { revisions, tags } = this.#parts
    if (!(await revisions.exists(repository, digest))) return false
    const subject = await this.#findSubject(digest)
    removed.push(...(await tags.removeHolders(repository, digest, async () => true)))
    if (!(await revisions.unlink(repository, digest, subject))) return false
    // A push may have moved a tag here after the first look, and found the link still there.
    const isGone = async (): Promise<boolean> => !(await revisions.isStored(repository, digest))
    removed.push(...(await tags.removeHolders(repository, digest, isGone)))
    return true
  }

  /** Checks a manifest, and forgets what is in it: while it is written it takes no more memory than its bytes. */
  async #check(repository: RepositoryName, upload: ManifestUpload, signal?: AbortSignal): Promise<CheckedManifest> {
    const { revisions, blobs, policy } = this.#parts
    const { payload, manifest, faults } = this.#open(upload)
    // Parsing a large one took most of the time for which one request may hold the event loop.
    if (payload.byteLength > large.size) await setImmediate()
    const digest = digestOfUpload(upload, payload)
    checkClass(manifest, policy)
    const hasManifest = (child: Digest): Promise<boolean> => revisions.has(repository, child)
    await translating(() => verifyReferences(manifest, { repository, policy, blobs, hasManifest, faults }, signal))
    const subject = manifest.subject?.digest
    const referring = subject && {
      subject,
      record: formatReferrerRecord(referrerDescriptor(manifest, digest, payload.byteLength)),
    }
    return { payload, digest, referring, warnings: manifest.warnings }
  }

  #open({ mediaType, content }: ManifestUpload): OpenedSchema1 {
    if (isSchema1MediaType(mediaType)) return this.#parts.schema1.open(content)
    return { payload: content, manifest: parseManifest(content, mediaType), faults: [] }
  }

  /** What a tag holds, for a client that reads nothing newer than `newest`. */
  async #inForm(
    repository: RepositoryName,
    tag: Tag,
    stored: StoredManifest,
    newest: FormerFormat,
  ): Promise<StoredManifest> {
    let found: StoredManifest | undefined = stored
    if (stored.mediaType === mediaTypes.manifestList) {
      const child = this.#defaultPlatforms.find(stored)
      if (child === 'unreadable') return stored
      found = child && (await this.#findRevision(repository, child))
      if (found === undefined) throw unknown(repository, tag)
    }
    const isTooNew = newest === 'schema1' && found.mediaType === mediaTypes.schema2
    // A client is better off with what it may not read than with a failure.
    return (isTooNew && (await this.#parts.schema1.convert(repository, tag, found))) || this.#signed(found)
  }

  /** As clients are given it: of schema1, the payload alone is stored. */
  #signed(stored: StoredManifest): StoredManifest {
    return stored.mediaType === mediaTypes.schema1Signed ? this.#parts.schema1.sign(stored) : stored
  }

  #recall(repository: RepositoryName, reference: Tag | Digest): StoredManifest | undefined {
    const { contents, revisions, tags } = this.#parts
    const digest = isDigest(reference) ? reference : tags.recall(repository, reference)
    if (digest === undefined) return undefined
    const target = revisions.recall(repository, digest)
    return target === digest ? contents.recall(digest) : undefined
  }

  async #read(repository: RepositoryName, reference: Tag | Digest): Promise<StoredManifest> {
    const found = isDigest(reference)
      ? await this.#findRevision(repository, reference)
      : await this.#findTagged(repository, reference)
    if (found === undefined) throw unknown(repository, reference)
    return found
  }

  async #findTagged(repository: RepositoryName, tag: Tag): Promise<StoredManifest | undefined> {
    const digest = await this.#parts.tags.find(repository, tag)
    if (digest === undefined) return undefined
    const found = await this.#findRevision(repository, digest)
    if (found !== undefined) return found
    // Between the two reads the tag may have moved on, and what it held been deleted.
    const later = await this.#parts.tags.find(repository, tag)
    return later === undefined || later === digest ? undefined : this.#findRevision(repository, later)
  }

  async #findRevision(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined> {
    const { revisions, contents } = this.#parts
    const target = await revisions.find(repository, digest)
    if (target === undefined) return undefined
    const found = await contents.find(target)
    if (found === undefined) await revisions.forget(repository, digest)
    return found === undefined || target === digest ? found : { ...found, digest }
  }

  /**
   * Moves tags to a revision that is linked. Whoever deletes it meanwhile finds the tags when they have been moved, and
   * removes them; or has removed the link before, and is undone.
   *
   * The tags need no second look: whoever removes one in this process waits for its turn, and a deletion elsewhere that
   * has removed one goes on to the link; if it came that far before it was looked at here, both are written again.
   */
  async #tag(
    repository: RepositoryName,
    moved: readonly Tag[],
    descriptor: Descriptor,
    referring: Referring | undefined,
  ): Promise<void> {
    const { revisions, tags } = this.#parts
    const { digest } = descriptor
    await tags.exclusively(repository, moved, async () => {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        await forEachLimited(moved, parallelTags, (tag) => tags.move(repository, tag, digest))
        // In this order: a deletion that misses a tag of ours has removed the link before that tag was there.
        if (await revisions.isStored(repository, digest)) return
        await revisions.link(repository, descriptor, referring)
      }
      throw new RegistryError('UNAVAILABLE', { reason: 'the manifest is being deleted' })
    })
  }

  /** Its link is to go, too. Damaged content must not be in the way of a deletion. */
  async #findSubject(digest: Digest): Promise<Digest | undefined> {
    try {
      return (await findParsed(this.#parts.contents, digest))?.subject?.digest
    } catch (error) {
      if (error instanceof StorageError) throw error
      return undefined
    }
  }
}

/** The one that the client named, if it did. @throws RegistryError DIGEST_INVALID */
function digestOfUpload({ digest: named }: ManifestUpload, payload: Uint8Array): Digest {
  if (named === undefined) return digestOf(payload)
  checkDigest(digestOf(payload, algorithmOf(named)), named)
  return named
}

function isDigest(reference: Tag | Digest): reference is Digest {
  return reference.includes(':')
}

function unknown(repository: RepositoryName, reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', { name: repository, reference })
}
