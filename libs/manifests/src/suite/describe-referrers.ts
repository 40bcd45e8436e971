import type { Descriptor } from '@berth/descriptor'
import { digestOf, type Digest } from '@berth/digest'
import { mediaTypes } from '@berth/manifest'
import { parseTag } from '@berth/reference'
import { describe, expect, it } from 'vitest'
import type { ReferrersPage } from '../listings.ts'
import type { ManifestUpload } from '../manifests.ts'
import {
  absentDigest,
  childOf,
  digestOfUpload,
  elsewhere,
  imageWithBlobs,
  indexDocument,
  repository,
  upload,
} from './build-manifests.ts'
import { type OpenServices, type ServicesUnderTest, withServices } from './services-under-test.ts'

const subjectOf = (digest: Digest): object => ({ mediaType: mediaTypes.ociManifest, digest, size: 2 })
const byDigest = (one: { digest: Digest }, other: { digest: Digest }): number => (one.digest < other.digest ? -1 : 1)
const none = { entries: [], hasMore: false }

function descriptorsOf({ entries }: ReferrersPage): readonly Descriptor[] {
  return entries.map(({ descriptor }) => JSON.parse(Buffer.from(descriptor).toString()) as Descriptor)
}

/** An artifact about `subject`, whose type is `artifactType`; its blobs are pushed. */
async function artifact(
  { blobs }: Pick<ServicesUnderTest, 'blobs'>,
  name: string,
  subject: Digest,
  artifactType = 'application/vnd.example.sbom',
): Promise<ManifestUpload> {
  return imageWithBlobs(blobs, repository, name, {
    document: { subject: subjectOf(subject), artifactType, annotations: { name } },
  })
}

/** What every implementation of `Referrers` must do. */
export function describeReferrers(name: string, open: OpenServices): void {
  describe(`referrers, ${name}`, () => {
    it('are none of what nobody refers to', () =>
      withServices(open, async (services) => {
        expect(await services.referrers.list(repository, absentDigest, {})).toEqual(none)
        await services.manifests.put(repository, await imageWithBlobs(services.blobs, repository, 'a'))
        expect(await services.referrers.list(repository, absentDigest, {})).toEqual(none)
      }))

    it.each(['sha256', 'sha512'] as const)('are described, in byte order, for a subject of %s', (algorithm) =>
      withServices(open, async (services) => {
        const { manifests, referrers } = services
        const subject = digestOf('the subject', algorithm)
        const expected: Descriptor[] = []
        for (const each of ['a', 'b', 'c', 'd']) {
          const pushed = await artifact(services, each, subject)
          const { digest } = await manifests.put(repository, pushed)
          expected.push({
            mediaType: mediaTypes.ociManifest,
            digest,
            size: pushed.content.byteLength,
            artifactType: 'application/vnd.example.sbom',
            annotations: { name: each },
          })
        }
        const page = await referrers.list(repository, subject, {})
        expect(descriptorsOf(page)).toEqual(expected.sort(byDigest))
        expect(page.hasMore).toBe(false)
      }),
    )

    it('have the type of their config where they name none', () =>
      withServices(open, async ({ manifests, referrers, blobs }) => {
        const document = { subject: subjectOf(absentDigest) }
        await manifests.put(repository, await imageWithBlobs(blobs, repository, 'a', { document }))
        const listed = descriptorsOf(await referrers.list(repository, absentDigest, {}))
        expect(listed.map(({ artifactType }) => artifactType)).toEqual([mediaTypes.ociConfig])
      }))

    it('may be indexes, which then need no type', () =>
      withServices(open, async ({ manifests, referrers }) => {
        const index = upload(indexDocument([], { subject: subjectOf(absentDigest) }))
        await manifests.put(repository, index)
        expect(descriptorsOf(await referrers.list(repository, absentDigest, {}))).toEqual([childOf(index)])
      }))

    it('are filtered by type', () =>
      withServices(open, async (services) => {
        const { manifests, referrers } = services
        const wanted = await artifact(services, 'wanted', absentDigest, 'application/vnd.example.wanted')
        await manifests.put(repository, wanted)
        for (const each of ['a', 'b', 'c'])
          await manifests.put(repository, await artifact(services, each, absentDigest))

        const found = await referrers.list(repository, absentDigest, { limit: 1 }, 'application/vnd.example.wanted')
        expect(found).toMatchObject({ entries: [{ digest: digestOfUpload(wanted) }], hasMore: false })
        expect(await referrers.list(repository, absentDigest, {}, 'application/vnd.example.none')).toEqual(none)
      }))

    it('are given in pages', () =>
      withServices(open, async (services) => {
        const { manifests, referrers } = services
        const digests: Digest[] = []
        for (let index = 0; index < 40; index += 1)
          digests.push((await manifests.put(repository, await artifact(services, `a${index}`, absentDigest))).digest)

        const seen: Digest[] = []
        for (let hasMore = true; hasMore;) {
          const last = seen.at(-1)
          const page = await referrers.list(repository, absentDigest, { limit: 8, ...(last !== undefined && { last }) })
          expect(page.entries).toHaveLength(8)
          seen.push(...page.entries.map(({ digest }) => digest))
          hasMore = page.hasMore
        }
        expect(seen).toEqual(digests.sort())
      }))

    it('are given in pages of the bytes that are asked for, and one that has more is a page of its own', () =>
      withServices(open, async (services) => {
        const { manifests, referrers, blobs } = services
        const expected: Digest[] = []
        for (const size of [100, 100_000, 100, 30_000, 100, 100, 200_000, 100]) {
          const annotations = { padding: 'é'.repeat(size / 2) }
          const document = { subject: subjectOf(absentDigest), annotations }
          const pushed = await imageWithBlobs(blobs, repository, `${expected.length}`, { document })
          expected.push((await manifests.put(repository, pushed)).digest)
        }

        const seen: Digest[] = []
        for (let hasMore = true; hasMore;) {
          const last = seen.at(-1)
          const request = { maxBytes: 40_000, ...(last !== undefined && { last }) }
          const page = await referrers.list(repository, absentDigest, request)
          expect(page.entries).not.toEqual([])
          const bytes = page.entries.reduce((sum, { descriptor }) => sum + descriptor.byteLength + 1, 0)
          expect(page.entries.length === 1 || bytes <= 40_000).toBe(true)
          for (const { digest, descriptor } of page.entries)
            expect(JSON.parse(Buffer.from(descriptor).toString())).toMatchObject({ digest })
          seen.push(...page.entries.map(({ digest }) => digest))
          hasMore = page.hasMore
          expect(page.last).toBe(hasMore ? seen.at(-1) : undefined)
        }
        expect(seen).toEqual(expected.sort())
      }))

    it('are those of one repository', () =>
      withServices(open, async (services) => {
        const { manifests, referrers, blobs } = services
        const pushed = await artifact(services, 'a', absentDigest)
        await manifests.put(repository, pushed)
        await imageWithBlobs(blobs, elsewhere, 'other')
        await manifests.put(elsewhere, await imageWithBlobs(blobs, elsewhere, 'other'))
        expect(await referrers.list(elsewhere, absentDigest, {})).toEqual(none)
      }))

    it('are no more once they are deleted, and are again once they are pushed again', () =>
      withServices(open, async (services) => {
        const { manifests, referrers } = services
        const gone = await artifact(services, 'gone', absentDigest)
        const kept = await artifact(services, 'kept', absentDigest)
        for (const each of [gone, kept]) await manifests.put(repository, each)
        const digestsNow = async (): Promise<readonly Digest[]> =>
          (await referrers.list(repository, absentDigest, {})).entries.map(({ digest }) => digest)

        expect(await digestsNow()).toHaveLength(2)
        await manifests.delete(repository, digestOfUpload(gone))
        expect(await digestsNow()).toEqual([digestOfUpload(kept)])
        await manifests.put(repository, gone)
        expect(await digestsNow()).toHaveLength(2)
      }))

    it('outlive their subject', () =>
      withServices(open, async (services) => {
        const { manifests, referrers, blobs } = services
        const { digest: subject } = await manifests.put(repository, await imageWithBlobs(blobs, repository, 'subject'))
        const { digest } = await manifests.put(repository, await artifact(services, 'a', subject))
        await manifests.delete(repository, subject)
        expect((await referrers.list(repository, subject, {})).entries).toMatchObject([{ digest }])
      }))

    it.each(['sha256', 'sha512'] as const)('are also those that clients listed under the tag of a %s', (algorithm) =>
      withServices(open, async (services) => {
        const { manifests, referrers, blobs } = services
        const subject = digestOf('the subject', algorithm)
        const linked = await artifact(services, 'linked', subject)
        const listed = await imageWithBlobs(blobs, repository, 'listed', {
          document: { artifactType: 'application/vnd.example.signature' },
        })
        for (const each of [linked, listed]) await manifests.put(repository, each)
        const [prefix, encoded] = subject.split(':') as [string, string]
        const tags = [parseTag(`${prefix}-${encoded.slice(0, 64)}`)]
        await manifests.put(repository, upload(indexDocument([childOf(linked), childOf(listed)]), { tags }))

        const { entries } = await referrers.list(repository, subject, {})
        expect(entries.map(({ digest }) => digest)).toEqual([linked, listed].map(digestOfUpload).sort())
        await manifests.delete(repository, digestOfUpload(listed))
        const left = await referrers.list(repository, subject, {})
        expect(left.entries.map(({ digest }) => digest)).toEqual([digestOfUpload(linked)])
      }),
    )

    it('are not what a manifest that is no index lists under that tag', () =>
      withServices(open, async ({ manifests, referrers, blobs }) => {
        const tags = [parseTag(absentDigest.replace(':', '-'))]
        await manifests.put(repository, await imageWithBlobs(blobs, repository, 'a', { tags }))
        expect(await referrers.list(repository, absentDigest, {})).toEqual(none)
      }))
  })
}
