import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { describe, expect, it } from 'vitest'
import {
  catalogEntriesRoot,
  catalogEntryPath,
  parseCatalogEntry,
  parseLinkComponents,
  parseRepositoryRoot,
  repositoriesRoot,
  repositoryRoot,
  revisionLinkPath,
} from './layout.ts'
import { parseStoragePath } from './storage-path.ts'

const componentsOf = (path: string): readonly string[] => path.slice(catalogEntriesRoot.length + 1).split('/')

describe('the entries of the catalog', () => {
  it.each([
    ['a', 'a'],
    ['a/b', 'a._b'],
    ['Foo.com/a__b/c-d', 'Foo.com._a__b._c-d'],
    ['complete', 'complete'],
  ])('keeps %s as %s', (name, entry) => {
    expect(catalogEntryPath(parseRepositoryName(name))).toBe(`${catalogEntriesRoot}/${entry}`)
    expect(parseCatalogEntry([entry])).toBe(name)
  })

  it.each([
    ['of 200 characters', 'a'.repeat(200), 1],
    ['of 201 characters', 'a'.repeat(201), 2],
    ['of 255 characters', 'a'.repeat(255), 2],
    ['of 128 components', Array.from({ length: 128 }, () => 'a').join('/'), 2],
    ['cut within a separator', `${'a'.repeat(199)}/b/c`, 2],
  ])('keeps a name %s in names that file systems have', (_what, text, pieces) => {
    const name = parseRepositoryName(text)
    const path = parseStoragePath(catalogEntryPath(name))
    const components = componentsOf(path)
    expect(components).toHaveLength(pieces)
    for (const component of components) expect(component.length).toBeLessThan(255)
    expect(parseCatalogEntry(components)).toBe(name)
  })

  it('takes no other file for an entry', () => {
    expect(() => parseCatalogEntry(['.DS_Store'])).toThrow('invalid repository name')
  })
})

describe('what a walk finds', () => {
  it.each(['a', 'library/alpine', 'Foo.com/a/b'])('tells the repository %s by its directory', (name) => {
    expect(parseRepositoryRoot(repositoryRoot(parseRepositoryName(name)))).toBe(name)
  })

  it.each([repositoriesRoot, `${repositoriesRoot}/a/_uploads`])('is no repository where %s is', (directory) => {
    expect(() => parseRepositoryRoot(parseStoragePath(directory))).toThrow('invalid repository name')
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('tells a digest of %s by the directory of its link', (algorithm) => {
    const digest = digestOf('content', algorithm)
    const [name = '', encoded = ''] = revisionLinkPath(parseRepositoryName('a'), digest).split('/').slice(-3)
    expect(parseLinkComponents([name, encoded])).toBe(digest)
  })

  it('is no link where the directory is of another name', () => {
    expect(() => parseLinkComponents(['sha256', 'tmp'])).toThrow('digest')
  })
})
