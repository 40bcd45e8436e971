import { algorithmOf, type Digest, encodedOf, parseDigest } from '@berth/digest'
import { parseRepositoryName, type RepositoryName, type Tag } from '@berth/reference'
import type { StoragePath } from './storage-path.ts'

/**
 * Every path in storage. Below `registryRoot` the tree is CNCF Distribution's, byte for byte, so that either software
 * serves it; what Berth adds lies where Distribution does not look: in directories whose names begin with `_`, and
 * below `berthRoot`. All that a function here is given is already a value of its kind, so all paths are valid.
 */
export const registryRoot = '/docker/registry/v2' as StoragePath
export const repositoriesRoot = `${registryRoot}/repositories` as StoragePath
export const blobsRoot = `${registryRoot}/blobs` as StoragePath
export const berthRoot = '/berth/v1' as StoragePath

/** Unfinished writes and removed uploads; purged by age. */
export const temporaryRoot = `${berthRoot}/tmp` as StoragePath
/** Who owns the tree. */
export const lockPath = `${berthRoot}/lock` as StoragePath
/** The key that signs upload tokens where the configuration gives none. */
export const secretPath = `${berthRoot}/secret` as StoragePath
/** The keys that sign tokens where the configuration gives none. */
export const signingKeysPath = `${berthRoot}/signing-keys.json` as StoragePath
/** The index of repositories, by which they are listed without a walk through the tree. */
export const catalogRoot = `${berthRoot}/catalog` as StoragePath
/** There once the index, and the links of referrers, were made for all that the tree had before Berth. */
export const catalogCompletePath = `${catalogRoot}/complete` as StoragePath
/** Events of repositories that were not delivered yet, or could not be delivered. */
export const eventsRoot = `${berthRoot}/events` as StoragePath
export const eventJournalRoot = `${eventsRoot}/journal` as StoragePath
export const eventPagesRoot = `${eventsRoot}/pages` as StoragePath
export const deadEventsRoot = `${eventsRoot}/dead` as StoragePath
export const catalogEntriesRoot = `${catalogRoot}/repositories` as StoragePath

/** `parent/…components`. The components are of the letters that paths have. */
export function below(parent: StoragePath, ...components: readonly string[]): StoragePath {
  return [parent, ...components].join('/') as StoragePath
}

/** `sha256/<hex>`, as links are laid out. */
const linkComponents = (digest: Digest): readonly string[] => [algorithmOf(digest), encodedOf(digest)]

/**
 * @param components of a link's directory: the algorithm, then the encoded digest
 * @throws RegistryError DIGEST_INVALID: they are of no link
 */
export function parseLinkComponents(components: readonly [algorithm: string, encoded: string]): Digest {
  return parseDigest(components.join(':'))
}

/** @param name the record's name, of lower-case letters and digits */
export function eventJournalPath(name: string): StoragePath {
  return below(eventJournalRoot, name)
}

/** @param directory names a list of events, in lower-case letters and digits */
export function eventPagesDirectory(directory: string): StoragePath {
  return below(eventPagesRoot, directory)
}

export function eventPagePath(directory: string, name: string): StoragePath {
  return below(eventPagesDirectory(directory), name)
}

export function deadEventsPath(name: string): StoragePath {
  return below(deadEventsRoot, name)
}

export function blobDataPath(digest: Digest): StoragePath {
  const encoded = encodedOf(digest)
  return below(blobsRoot, algorithmOf(digest), encoded.slice(0, 2), encoded, 'data')
}

// File systems end a name at 255 bytes. An entry ends with a letter or digit, so none is taken for such a directory.
const catalogPieceLength = 200
const catalogDirectoryEnd = '-'

/**
 * One directory has the entries of all repositories, so that one listing finds them: `a/b` is `a._b`, which no name
 * contains. Entries that are too long for a name go on below a directory.
 */
export function catalogEntryPath(repository: RepositoryName): StoragePath {
  const entry = repository.replaceAll('/', '._')
  const pieces: string[] = []
  for (let start = 0; start < entry.length; start += catalogPieceLength)
    pieces.push(entry.slice(start, start + catalogPieceLength))
  return below(catalogEntriesRoot, pieces.join(`${catalogDirectoryEnd}/`))
}

/**
 * @param components of the entry's path, after `catalogEntriesRoot`
 * @throws RegistryError NAME_INVALID: it is no entry
 */
export function parseCatalogEntry(components: readonly string[]): RepositoryName {
  const entry = components.map((piece, index) => (index < components.length - 1 ? piece.slice(0, -1) : piece)).join('')
  return parseRepositoryName(entry.replaceAll('._', '/'))
}

export function repositoryRoot(repository: RepositoryName): StoragePath {
  return below(repositoriesRoot, repository)
}

/** @throws RegistryError NAME_INVALID: it is no directory of a repository */
export function parseRepositoryRoot(directory: StoragePath): RepositoryName {
  return parseRepositoryName(directory.slice(repositoriesRoot.length + 1))
}

export function layersRoot(repository: RepositoryName): StoragePath {
  return below(repositoryRoot(repository), '_layers')
}

/** Stands for the directory of layers where a store cannot hold an empty one. Distribution sees no link in it. */
export function layersMarkerPath(repository: RepositoryName): StoragePath {
  return below(layersRoot(repository), 'berth')
}

export function layerLinkPath(repository: RepositoryName, digest: Digest): StoragePath {
  return below(layersRoot(repository), ...linkComponents(digest), 'link')
}

export function manifestsRoot(repository: RepositoryName): StoragePath {
  return below(repositoryRoot(repository), '_manifests')
}

export function revisionsRoot(repository: RepositoryName): StoragePath {
  return below(manifestsRoot(repository), 'revisions')
}

export function revisionLinkPath(repository: RepositoryName, digest: Digest): StoragePath {
  return below(revisionsRoot(repository), ...linkComponents(digest), 'link')
}

export function tagsRoot(repository: RepositoryName): StoragePath {
  return below(manifestsRoot(repository), 'tags')
}

export function tagRoot(repository: RepositoryName, tag: Tag): StoragePath {
  return below(tagsRoot(repository), tag)
}

export function tagCurrentLinkPath(repository: RepositoryName, tag: Tag): StoragePath {
  return below(tagRoot(repository, tag), 'current', 'link')
}

/** The history of a tag: an entry for every digest that it ever held. */
export function tagIndexLinkPath(repository: RepositoryName, tag: Tag, digest: Digest): StoragePath {
  return below(tagRoot(repository, tag), 'index', ...linkComponents(digest), 'link')
}

export function referrersRoot(repository: RepositoryName, subject: Digest): StoragePath {
  return below(repositoryRoot(repository), '_referrers', ...linkComponents(subject))
}

export function referrerRoot(repository: RepositoryName, subject: Digest, referrer: Digest): StoragePath {
  return below(referrersRoot(repository, subject), ...linkComponents(referrer))
}

/** Where `formatReferrerRecord` of `@berth/manifests` stands. Earlier versions of Berth wrote the digest alone. */
export function referrerLinkPath(repository: RepositoryName, subject: Digest, referrer: Digest): StoragePath {
  return below(referrerRoot(repository, subject, referrer), 'link')
}

export function uploadsRoot(repository: RepositoryName): StoragePath {
  return below(repositoryRoot(repository), '_uploads')
}

/** @param id a dashed UUID */
export function uploadRoot(repository: RepositoryName, id: string): StoragePath {
  return below(uploadsRoot(repository), id)
}

/** The file in an upload's directory that says when it began. */
export const uploadStartedAtName = 'startedat'

export function uploadStartedAtPath(repository: RepositoryName, id: string): StoragePath {
  return below(uploadRoot(repository, id), uploadStartedAtName)
}

/** The versioned record in an upload's directory. */
export const uploadCheckpointName = 'checkpoint'

export function uploadCheckpointPath(repository: RepositoryName, id: string): StoragePath {
  return below(uploadRoot(repository, id), uploadCheckpointName)
}

/** The content of a link: the digest, and nothing else. */
export function formatLink(digest: Digest): Uint8Array {
  return Buffer.from(digest)
}

/** @throws RegistryError DIGEST_INVALID: the link is damaged */
export function parseLink(content: Uint8Array): Digest {
  return parseDigest(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1'))
}
