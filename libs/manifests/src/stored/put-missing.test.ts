import { StoredBlobs } from '@berth/blobs/stored'
import { registryErrors } from '@berth/errors'
import { ImageBuilder, mediaTypes } from '@berth/manifest'
import { MemoryDriver } from '@berth/storage/memory'
import { expect, it } from 'vitest'
import { elsewhere, repository } from '../suite/build-manifests.ts'
import { putMissing } from './put-missing.ts'

const config = Buffer.from('{"architecture":"amd64"}')

it.each([mediaTypes.schema2, mediaTypes.ociManifest])(
  'the configuration that an image of type %s is built of is stored, unless it is there',
  async (mediaType) => {
    const blobs = new StoredBlobs({ storage: new MemoryDriver() })
    const built = new ImageBuilder({ mediaType, config }).build()
    await putMissing(blobs, repository, built.blobs, true)
    const [{ digest }] = built.blobs as [(typeof built.blobs)[0]]
    expect(await blobs.stat(repository, digest)).toMatchObject({ size: config.byteLength })

    // Where nothing may be stored, it passes only if nothing is.
    await putMissing(blobs, repository, built.blobs, false)
    const refusal: unknown = await putMissing(blobs, elsewhere, built.blobs, false).catch((error: unknown) => error)
    expect(registryErrors(refusal).map(({ code }) => code)).toEqual(['UNSUPPORTED'])
    expect(await blobs.statAll(elsewhere, [digest])).toEqual([undefined])
  },
)
