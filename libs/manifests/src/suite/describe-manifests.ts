import { type Digest, digestOf } from '@berth/digest'
import { mediaTypes } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import {
  absentDigest,
  childOf,
  codesOf,
  digestOfUpload,
  elsewhere,
  faultsOf,
  imageDocument,
  imageWithBlobs,
  indexDocument,
  latest,
  repository,
  tagsNamed,
  upload,
} from './build-manifests.ts'
import { type OpenServices, withServices } from './services-under-test.ts'

/** What every implementation of `Manifests` must do. */
export function describeManifests(name: string, open: OpenServices): void {
  describe(`manifests, ${name}`, () => {
    describe('get', () => {
      it('gives the bytes as they were received, by tag and by digest', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const document = JSON.stringify(imageDocument('a'), undefined, 7)
          const pushed = await imageWithBlobs(blobs, repository, 'a', {
            tags: [latest],
            content: Buffer.from(`${document}\n`),
          })
          const { digest } = await manifests.put(repository, pushed)

          for (const reference of [latest, digest]) {
            const found = await manifests.get(repository, reference)
            expect(Buffer.from(found.content)).toEqual(Buffer.from(pushed.content))
            expect(found).toMatchObject({ digest, mediaType: mediaTypes.ociManifest })
          }
          expect(digest).toBe(digestOf(pushed.content))
        }))

      it.each([
        ['a tag', latest],
        ['a digest', absentDigest],
      ])('knows nothing of %s that was not pushed', (_what, reference) =>
        withServices(open, async ({ manifests, blobs }) => {
          const unknown = [['MANIFEST_UNKNOWN', { name: repository, reference }]]
          expect(await faultsOf(manifests.get(repository, reference))).toEqual(unknown)
          await manifests.put(repository, await imageWithBlobs(blobs, repository, 'a'))
          expect(await faultsOf(manifests.get(repository, reference))).toEqual(unknown)
        }),
      )

      it('gives no manifest of another repository', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const { digest } = await manifests.put(
            repository,
            await imageWithBlobs(blobs, repository, 'a', { tags: [latest] }),
          )
          expect(await codesOf(manifests.get(elsewhere, digest))).toEqual(['MANIFEST_UNKNOWN'])
          expect(await codesOf(manifests.get(elsewhere, latest))).toEqual(['MANIFEST_UNKNOWN'])
        }))

      it.each([
        ['an OCI manifest', mediaTypes.ociManifest, {}],
        ['an OCI manifest that does not name its type', mediaTypes.ociManifest, { mediaType: undefined }],
        ['a schema2 manifest', mediaTypes.schema2, { mediaType: mediaTypes.schema2 }],
      ])('says the media type of %s', (_what, mediaType, document) =>
        withServices(open, async ({ manifests, blobs }) => {
          const pushed = await imageWithBlobs(blobs, repository, 'a', { tags: [latest], mediaType, document })
          await manifests.put(repository, pushed)
          expect((await manifests.get(repository, latest)).mediaType).toBe(mediaType)
        }),
      )

      it.each([
        ['an OCI index', mediaTypes.ociIndex, {}],
        ['an OCI index that does not name its type', mediaTypes.ociIndex, { mediaType: undefined }],
        ['a manifest list', mediaTypes.manifestList, { mediaType: mediaTypes.manifestList }],
      ])('says the media type of %s', (_what, mediaType, document) =>
        withServices(open, async ({ manifests }) => {
          await manifests.put(repository, upload(indexDocument([], document), { tags: [latest], mediaType }))
          expect((await manifests.get(repository, latest)).mediaType).toBe(mediaType)
        }),
      )
    })

    describe('put', () => {
      it('moves each of its tags, and no other', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const first = await imageWithBlobs(blobs, repository, 'a', { tags: tagsNamed('1', '1.0', 'old') })
          const second = await imageWithBlobs(blobs, repository, 'b', { tags: tagsNamed('1', '1.0') })
          await manifests.put(repository, first)
          const pushed = await manifests.put(repository, second)
          expect(pushed).toEqual({ digest: digestOfUpload(second), tags: tagsNamed('1', '1.0') })

          const held = async (tag: string): Promise<Digest> =>
            (await manifests.get(repository, tagsNamed(tag)[0] ?? latest)).digest
          expect(await held('1')).toBe(digestOfUpload(second))
          expect(await held('1.0')).toBe(digestOfUpload(second))
          expect(await held('old')).toBe(digestOfUpload(first))
          expect((await manifests.get(repository, digestOfUpload(first))).digest).toBe(digestOfUpload(first))
        }))

      it('warns of descriptors without a size, and takes them', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const { content } = await imageWithBlobs(blobs, repository, 'a')
          const { config, ...document } = JSON.parse(content.toString()) as { config: { size?: number } }
          const { size: _, ...sizeless } = config
          const pushed = upload({ ...document, config: sizeless }, { tags: [latest] })
          expect(await manifests.put(repository, pushed)).toEqual({
            digest: digestOfUpload(pushed),
            tags: [latest],
            warnings: ['descriptors should have a size, and it is missing in config: taken as 0'],
          })
        }))

      it('refuses a manifest that other programs read in another way', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, repository, 'a', { document: { Layers: [] } })
          expect(await faultsOf(manifests.put(repository, image))).toEqual([
            [
              'MANIFEST_INVALID',
              { reason: 'is "layers" to programs that compare names without case', field: 'Layers' },
            ],
          ])
        }))

      it('finds the blobs of tens of thousands of layers', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const layer = { mediaType: mediaTypes.ociLayerGzip, digest: absentDigest, size: 1 }
          const layers = Array.from({ length: 10_000 }, (_, index) => ({ ...layer, digest: digestOf(String(index)) }))
          const image = await imageWithBlobs(blobs, repository, 'a', { document: { layers } })
          const faults = await faultsOf(manifests.put(repository, image))
          expect(faults).toHaveLength(100)
          expect(faults[99]).toEqual(['MANIFEST_BLOB_UNKNOWN', { digest: digestOf('99') }])
        }))

      it('may be repeated', () =>
        withServices(open, async ({ manifests, blobs, tags }) => {
          const pushed = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
          const once = await manifests.put(repository, pushed)
          expect(await manifests.put(repository, pushed)).toEqual(once)
          expect((await tags.list(repository, {})).entries).toEqual([latest])
        }))

      it.each(['sha256', 'sha384', 'sha512'] as const)('stores it under the %s digest that it names', (algorithm) =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
          const digest = digestOf(image.content, algorithm)
          expect((await manifests.put(repository, { ...image, digest })).digest).toBe(digest)
          expect((await manifests.get(repository, digest)).digest).toBe(digest)
          expect((await manifests.get(repository, latest)).digest).toBe(digest)
          const others = ['sha256', 'sha384', 'sha512'].filter((each) => each !== algorithm) as (typeof algorithm)[]
          for (const other of others)
            expect(await codesOf(manifests.get(repository, digestOf(image.content, other)))).toEqual([
              'MANIFEST_UNKNOWN',
            ])
        }),
      )

      it('refuses content that is not what its digest names, and leaves nothing of it', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest], digest: absentDigest })
          expect(await codesOf(manifests.put(repository, image))).toEqual(['DIGEST_INVALID'])
          expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
          expect(await codesOf(manifests.get(repository, digestOfUpload(image)))).toEqual(['MANIFEST_UNKNOWN'])
        }))

      it.each([
        ['is not JSON', upload({}, { content: Buffer.from('{') })],
        ['is of another type than it says', upload(indexDocument([]), { mediaType: mediaTypes.ociManifest })],
        ['is of no known type', upload({}, { mediaType: 'text/plain' })],
      ])('refuses a manifest that %s', (_what, image) =>
        withServices(open, async ({ manifests }) => {
          expect(await codesOf(manifests.put(repository, image))).toEqual(['MANIFEST_INVALID'])
        }),
      )

      it('refuses one larger than 4 MiB', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const annotations = { filler: 'x'.repeat(4 * 1024 * 1024) }
          const image = await imageWithBlobs(blobs, repository, 'a', { document: { annotations } })
          expect(await codesOf(manifests.put(repository, image))).toEqual(['SIZE_INVALID'])
        }))

      it('names every blob that is missing, in the order of the manifest, and leaves nothing of it', () =>
        withServices(open, async ({ manifests, blobs }) => {
          await manifests.put(repository, await imageWithBlobs(blobs, repository, 'here'))
          const image = upload(imageDocument('a'), { tags: [latest] })
          const { config, layers } = imageDocument('a') as { config: Named; layers: readonly Named[] }
          const missing = [config, ...layers].map(({ digest }) => ['MANIFEST_BLOB_UNKNOWN', { digest }])
          expect(missing).toHaveLength(2)

          expect(await faultsOf(manifests.put(repository, image))).toEqual(missing)
          expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
          expect(await codesOf(manifests.get(repository, digestOfUpload(image)))).toEqual(['MANIFEST_UNKNOWN'])
        }))

      it('takes no blob of another repository for one of this', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, elsewhere, 'a')
          expect(await codesOf(manifests.put(repository, image))).toEqual([
            'MANIFEST_BLOB_UNKNOWN',
            'MANIFEST_BLOB_UNKNOWN',
          ])
        }))

      it('wants the children of an index among the manifests of the repository', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const child = await imageWithBlobs(blobs, repository, 'a')
          const index = upload(indexDocument([childOf(child), childOf(child)]), { tags: [latest] })
          await manifests.put(elsewhere, await imageWithBlobs(blobs, elsewhere, 'a'))
          expect(await faultsOf(manifests.put(repository, index))).toEqual([
            ['MANIFEST_BLOB_UNKNOWN', { digest: digestOfUpload(child) }],
          ])

          await manifests.put(repository, child)
          await manifests.put(repository, index)
          expect((await manifests.get(repository, latest)).digest).toBe(digestOfUpload(index))
        }))

      it('wants what an index lists, and is no manifest, among the blobs', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const layer = await blobs.put(repository, Buffer.from('cached'))
          const cache = (digest: Digest): object =>
            indexDocument([{ ...layer, mediaType: mediaTypes.ociLayerGzip, digest }])
          expect(await codesOf(manifests.put(repository, upload(cache(absentDigest))))).toEqual([
            'MANIFEST_BLOB_UNKNOWN',
          ])
          await manifests.put(repository, upload(cache(layer.digest)))
        }))

      it('accepts a subject that is not here, and tells it', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const subject = { mediaType: mediaTypes.ociManifest, digest: absentDigest, size: 2 }
          const image = await imageWithBlobs(blobs, repository, 'a', { document: { subject } })
          expect(await manifests.put(repository, image)).toEqual({
            digest: digestOfUpload(image),
            tags: [],
            subject: absentDigest,
          })
        }))
    })

    describe('put, as the policy says', () => {
      it('stores what names blobs and manifests that are not here, where references need not be', () =>
        withServices(
          open,
          async ({ manifests }) => {
            const image = upload(imageDocument('a'))
            await manifests.put(repository, upload(indexDocument([childOf(image)]), { tags: [latest] }))
            await manifests.put(repository, image)
            expect((await manifests.get(repository, latest)).mediaType).toBe(mediaTypes.ociIndex)
          },
          { references: 'none' },
        ))

      it('stores an index without its children, where they need not be', () =>
        withServices(
          open,
          async ({ manifests }) => {
            const image = upload(imageDocument('a'))
            await manifests.put(repository, upload(indexDocument([childOf(image)])))
            expect(await codesOf(manifests.put(repository, image))).toHaveLength(2)
          },
          { indexes: 'none' },
        ))

      it('wants the children of the platforms that are named, and no others', () =>
        withServices(
          open,
          async ({ manifests, blobs }) => {
            const wanted = await imageWithBlobs(blobs, repository, 'wanted')
            const other = upload(imageDocument('other'))
            const index = upload(
              indexDocument([
                childOf(wanted, { platform: { architecture: 'amd64', os: 'linux' } }),
                childOf(other, { platform: { architecture: 'arm64', os: 'linux' } }),
                childOf(upload(imageDocument('of no platform'))),
              ]),
            )
            expect(await faultsOf(manifests.put(repository, index))).toEqual([
              ['MANIFEST_BLOB_UNKNOWN', { digest: digestOfUpload(wanted) }],
            ])
            await manifests.put(repository, wanted)
            await manifests.put(repository, index)
          },
          { indexes: [{ architecture: 'amd64', os: 'linux' }] },
        ))

      it('refuses URLs that are not allowed, together with what is missing', () =>
        withServices(
          open,
          async ({ manifests, blobs }) => {
            const layers = [
              { mediaType: mediaTypes.ociLayerGzip, digest: absentDigest, size: 1, urls: ['https://foo/nope'] },
            ]
            const image = await imageWithBlobs(blobs, repository, 'a', { document: { layers } })
            expect(await codesOf(manifests.put(repository, image))).toEqual([
              'MANIFEST_INVALID',
              'MANIFEST_BLOB_UNKNOWN',
            ])
          },
          { urls: { allow: [/^https?:\/\/foo/], deny: [/^https?:\/\/foo\/nope/] } },
        ))

      it('refuses images of a class that is not allowed', () =>
        withServices(
          open,
          async ({ manifests, blobs }) => {
            const image = await imageWithBlobs(blobs, repository, 'a')
            expect(await faultsOf(manifests.put(repository, image))).toEqual([
              ['DENIED', { reason: 'registry does not allow image manifest' }],
            ])
            await manifests.put(repository, upload(indexDocument([])))
          },
          { classes: ['plugin'] },
        ))
    })

    describe('delete', () => {
      it('removes a revision and every tag that holds it, and leaves the others', () =>
        withServices(open, async ({ manifests, blobs, tags }) => {
          const gone = await imageWithBlobs(blobs, repository, 'gone', { tags: tagsNamed('gone', 'gone-too', 'moved') })
          const kept = await imageWithBlobs(blobs, repository, 'kept', { tags: tagsNamed('kept', 'moved') })
          const { digest } = await manifests.put(repository, gone)
          await manifests.put(repository, kept)
          await manifests.get(repository, digest)
          const removed = await manifests.delete(repository, digest)

          expect(removed.toSorted()).toEqual(['gone', 'gone-too'])
          for (const reference of [digest, ...tagsNamed('gone', 'gone-too')])
            expect(await codesOf(manifests.get(repository, reference))).toEqual(['MANIFEST_UNKNOWN'])
          expect((await tags.list(repository, {})).entries).toEqual(['kept', 'moved'])
          for (const tag of tagsNamed('kept', 'moved'))
            expect((await manifests.get(repository, tag)).digest).toBe(digestOfUpload(kept))
        }))

      it('leaves the manifest to other repositories', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
          await imageWithBlobs(blobs, elsewhere, 'a')
          for (const each of [repository, elsewhere]) await manifests.put(each, image)
          await manifests.delete(repository, digestOfUpload(image))
          expect((await manifests.get(elsewhere, latest)).digest).toBe(digestOfUpload(image))
        }))

      it('does not know what was never pushed, or is deleted already', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const { digest } = await manifests.put(repository, await imageWithBlobs(blobs, repository, 'a'))
          await manifests.delete(repository, digest)
          for (const each of [digest, absentDigest])
            expect(await faultsOf(manifests.delete(repository, each))).toEqual([
              ['MANIFEST_UNKNOWN', { name: repository, reference: each }],
            ])
        }))

      it('can be undone by a push', () =>
        withServices(open, async ({ manifests, blobs }) => {
          const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
          const { digest } = await manifests.put(repository, image)
          await manifests.delete(repository, digest)
          await manifests.put(repository, image)
          expect((await manifests.get(repository, latest)).digest).toBe(digest)
        }))
    })
  })
}

interface Named {
  readonly digest: Digest
}
