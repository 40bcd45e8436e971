import { expect, it } from 'vitest'
import { parseDigest } from '@berth/digest'
import { parseRepositoryName, parseTag } from '@berth/reference'
import * as layout from './layout.ts'
import { pathKind } from './path-kind.ts'

const repository = parseRepositoryName('layers/tags')
const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const tag = parseTag('uploads')

it.each([
  ['blob', layout.blobDataPath(digest)],
  ['layer', layout.layerLinkPath(repository, digest)],
  ['revision', layout.revisionLinkPath(repository, digest)],
  ['tag', layout.tagCurrentLinkPath(repository, tag)],
  ['tag', layout.tagsRoot(repository)],
  ['referrer', layout.referrersRoot(repository, digest)],
  ['upload', layout.uploadCheckpointPath(repository, '00000000-0000-4000-8000-000000000000')],
  ['repository', layout.repositoryRoot(repository)],
  ['catalog', layout.catalogEntryPath(repository)],
  ['temporary', layout.below(layout.temporaryRoot, 'x')],
  ['other', layout.secretPath],
])('finds %s in %s', (kind, path) => {
  expect(pathKind(path)).toBe(kind)
})
