import type { Blobs } from '@berth/blobs'
import { collect } from '@berth/bytes'
import { type Digest, digestOf } from '@berth/digest'
import {
  ConfigBuilder,
  emptyLayer,
  ImageBuilder,
  IndexBuilder,
  mediaTypes,
  openSchema1,
  ReferenceBuilder,
  SigningKey,
} from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import type { ManifestUpload } from '../manifests.ts'
import { absentDigest, codesOf, faultsOf, imageWithBlobs, latest, repository, tagsNamed } from './build-manifests.ts'
import { type OpenServices, type ServicesUnderTest, withServices } from './services-under-test.ts'

const keys = [SigningKey.generate(), SigningKey.generate()] as const
const time = new Date('2026-01-01T00:00:00Z')

/** A schema1 manifest as a client pushes it, of these layers. */
function signed(layers: readonly Digest[], { key = keys[0], name = 'any/name', history = '{}' } = {}): ManifestUpload {
  const builder = new ReferenceBuilder({ key, time, name, tag: 'any', architecture: 'amd64' })
  for (const digest of layers) builder.append({ digest, history })
  return { mediaType: mediaTypes.schema1Signed, tags: [latest], content: builder.build().content }
}

const payloadOf = (content: Uint8Array): string => Buffer.from(openSchema1(content).payload).toString()

/** The configuration of an image of one layer, and of a step that made none. */
const configOf = (layer: Digest): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [layer] },
      history: [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }],
    }),
  )

/** Pushes a schema2 image, made different from others by `name`. */
async function pushSchema2({ manifests, blobs }: ServicesUnderTest, name: string, tags = [latest]) {
  const layer = await blobs.put(repository, Buffer.from(`layer of ${name}`))
  const config = configOf(layer.digest)
  await blobs.put(repository, config)
  const built = new ImageBuilder({ mediaType: mediaTypes.schema2, config })
    .append({ ...layer, mediaType: mediaTypes.dockerLayerGzip })
    .build()
  await manifests.put(repository, { mediaType: mediaTypes.schema2, tags, content: built.content })
  const identity = { key: keys[0], time, name: repository, tag: latest }
  const converted = new ConfigBuilder({ ...identity, config }).append(layer).build()
  return { built, converted }
}

const knows = async (blobs: Blobs, digest: Digest): Promise<boolean> =>
  (await blobs.statAll(repository, [digest]))[0] !== undefined

/** What every implementation of `Manifests` must do with manifests of schema1. */
export function describeSchema1(name: string, open: OpenServices): void {
  describe(`schema1, ${name}`, () => {
    it('is stored without its signatures, and given with one of the registry', () =>
      withServices(open, async ({ manifests, blobs }) => {
        const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
        const pushed = signed([layer, layer])
        const payload = payloadOf(pushed.content)
        const { digest } = await manifests.put(repository, pushed)
        expect(digest).toBe(digestOf(payload))

        for (const reference of [latest, digest]) {
          const found = await manifests.get(repository, reference)
          expect(found).toMatchObject({ digest, mediaType: mediaTypes.schema1Signed })
          expect(payloadOf(found.content)).toBe(payload)
          expect(Buffer.from(found.content).toString()).not.toContain(keys[0].publicKey.id)
          expect(await manifests.get(repository, reference, 'schema2')).toEqual(found)
        }
      }))

    it('is the same manifest, whoever signed it', () =>
      withServices(open, async ({ manifests, blobs }) => {
        const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
        const [first, second] = [signed([layer]), signed([layer], { key: keys[1] })]
        expect(second.content).not.toEqual(first.content)
        const { digest } = await manifests.put(repository, first)
        expect((await manifests.put(repository, second)).digest).toBe(digest)
        await manifests.delete(repository, digest)
        expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
      }))

    it.each(['sha256', 'sha512'] as const)('may be pushed by the %s digest of what is signed', (algorithm) =>
      withServices(open, async ({ manifests, blobs }) => {
        const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
        const pushed = signed([layer])
        const digest = digestOf(payloadOf(pushed.content), algorithm)
        expect((await manifests.put(repository, { ...pushed, digest })).digest).toBe(digest)
        expect(payloadOf((await manifests.get(repository, digest)).content)).toBe(payloadOf(pushed.content))
        const whole = { ...pushed, digest: digestOf(pushed.content, algorithm) }
        expect(await codesOf(manifests.put(repository, whole))).toEqual(['DIGEST_INVALID'])
      }),
    )

    it('has all that is wrong with it told at once', () =>
      withServices(open, async ({ manifests, blobs }) => {
        const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
        const missing = digestOf('missing')
        const layers = ['asdf' as Digest, layer, missing, missing, absentDigest]
        expect(await faultsOf(manifests.put(repository, signed(layers, { name: 'a/Wrong' })))).toMatchObject([
          ['NAME_INVALID', { name: 'a/Wrong' }],
          ['DIGEST_INVALID', { digest: 'asdf' }],
          ['MANIFEST_BLOB_UNKNOWN', { digest: absentDigest }],
          ['MANIFEST_BLOB_UNKNOWN', { digest: missing }],
        ])
        expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
      }))

    it('is refused unsigned, and where its signature is another’s', () =>
      withServices(open, async ({ manifests, blobs }) => {
        const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
        const good = signed([layer])
        const unsigned = Buffer.from(payloadOf(good.content))
        for (const mediaType of [mediaTypes.schema1, mediaTypes.schema1Signed])
          expect(await faultsOf(manifests.put(repository, { ...good, mediaType, content: unsigned }))).toMatchObject([
            ['MANIFEST_INVALID', { reason: 'missing signature key: a schema1 manifest must be signed' }],
          ])
        const text = Buffer.from(good.content).toString()
        const other = Buffer.from(signed([layer], { key: keys[1] }).content).toString()
        const signature = /"signature": "[\w-]+"/
        const forged = Buffer.from(text.replace(signature, signature.exec(other)?.[0] ?? ''))
        expect(await faultsOf(manifests.put(repository, { ...good, content: forged }))).toMatchObject([
          ['MANIFEST_UNVERIFIED', { reason: expect.stringContaining('invalid signature') as string }],
        ])
      }))

    it('is refused where it is not accepted', () =>
      withServices(
        open,
        async ({ manifests, blobs }) => {
          const { digest: layer } = await blobs.put(repository, Buffer.from('layer'))
          expect(await faultsOf(manifests.put(repository, signed([layer])))).toEqual([
            ['MANIFEST_INVALID', { reason: 'schema1 manifests are not accepted (compatibility.schema1.enabled)' }],
          ])
        },
        {},
        { acceptsPushes: false },
      ))
  })

  describe(`what is newer than its reader, ${name}`, () => {
    it('is given to readers of schema1 as schema1: schema2 that is asked for by tag', () =>
      withServices(open, async (services) => {
        const { manifests, blobs } = services
        const { built, converted } = await pushSchema2(services, 'a')
        expect(await knows(blobs, emptyLayer.digest)).toBe(false)
        const found = await manifests.get(repository, latest, 'schema1')
        expect(found).toMatchObject({ digest: converted.digest, mediaType: mediaTypes.schema1Signed })
        expect(payloadOf(found.content)).toBe(payloadOf(converted.content))
        const empty = await collect(await blobs.read(repository, emptyLayer.digest), 100)
        expect(Buffer.from(empty)).toEqual(Buffer.from(emptyLayer.content))

        for (const [reference, newest] of [
          [latest, undefined],
          [latest, 'schema2'],
          [built.digest, 'schema1'],
        ] as const)
          expect((await manifests.get(repository, reference, newest)).digest).toBe(built.digest)
      }))

    it('is converted once, for each tag that it is asked for by', () =>
      withServices(open, async (services) => {
        const { manifests, blobs } = services
        await pushSchema2(services, 'a', [...tagsNamed('other'), latest])
        const first = await manifests.get(repository, latest, 'schema1')
        await blobs.unlink(repository, emptyLayer.digest)
        // There is chance in a signature: the same bytes are the same conversion.
        expect(await manifests.get(repository, latest, 'schema1')).toEqual(first)
        expect(await knows(blobs, emptyLayer.digest)).toBe(true)
        const [other] = tagsNamed('other')
        const found = await manifests.get(repository, other ?? latest, 'schema1')
        expect(JSON.parse(payloadOf(found.content))).toMatchObject({ name: repository, tag: 'other' })
        await pushSchema2(services, 'b')
        expect((await manifests.get(repository, latest, 'schema1')).digest).not.toBe(first.digest)
      }))

    it('is, of a manifest list, its manifest for linux on amd64, in the form that is wanted', () =>
      withServices(open, async (services) => {
        const { manifests } = services
        const { built: arm64 } = await pushSchema2(services, 'arm64', [])
        const { built: amd64, converted } = await pushSchema2(services, 'amd64', [])
        const list = new IndexBuilder()
        for (const [{ digest, content }, architecture] of [
          [arm64, 'arm64'],
          [amd64, 'amd64'],
        ] as const)
          list.append({
            mediaType: mediaTypes.schema2,
            digest,
            size: content.byteLength,
            platform: { os: 'linux', architecture },
          })
        const { digest, content, mediaType } = list.build()
        await manifests.put(repository, { mediaType, tags: [latest], content })

        expect(await manifests.get(repository, latest)).toMatchObject({ digest, mediaType })
        expect(await manifests.get(repository, digest, 'schema1')).toMatchObject({ digest, mediaType })
        expect((await manifests.get(repository, latest, 'schema2')).digest).toBe(amd64.digest)
        expect((await manifests.get(repository, latest, 'schema1')).digest).toBe(converted.digest)
      }))

    it('is unknown, of a list without that platform', () =>
      withServices(open, async ({ manifests }) => {
        const { mediaType, content } = new IndexBuilder().build()
        await manifests.put(repository, { mediaType, tags: [latest], content })
        expect(await faultsOf(manifests.get(repository, latest, 'schema2'))).toEqual([
          ['MANIFEST_UNKNOWN', { name: repository, reference: latest }],
        ])
      }))

    it('is given as it is, where OCI says what it is', () =>
      withServices(open, async ({ manifests, blobs }) => {
        const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
        const { digest } = await manifests.put(repository, image)
        expect((await manifests.get(repository, latest, 'schema1')).digest).toBe(digest)
      }))

    it('is refused where schema1 cannot be made of it, with the reason', () =>
      withServices(
        open,
        async ({ manifests, blobs }) => {
          const config = Buffer.from('{"not":"an image"}')
          const { content } = new ImageBuilder({ mediaType: mediaTypes.schema2, config }).build()
          await manifests.put(repository, { mediaType: mediaTypes.schema2, tags: [latest], content })
          expect(await faultsOf(manifests.get(repository, latest, 'schema1'))).toEqual([
            [
              'MANIFEST_INVALID',
              {
                reason: `cannot be given as schema1: its configuration ${digestOf(config)} is missing`,
                field: 'config',
              },
            ],
          ])
          await blobs.put(repository, config)
          expect(await faultsOf(manifests.get(repository, latest, 'schema1'))).toEqual([
            ['MANIFEST_INVALID', { reason: 'empty history when trying to create schema1 manifest' }],
          ])
        },
        { references: 'none' },
      ))
  })
}
