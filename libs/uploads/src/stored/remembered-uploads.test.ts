import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { layout } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { body, repository, UploadClient } from '../suite/upload-client.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

const keys = new KeyRing({ signing: 'k' })
const digest = digestOf('content')
const link = layout.layerLinkPath(repository, digest)

describe('a blob that was pushed', () => {
  let storage: MemoryDriver
  let blobs: StoredBlobs
  let uploads: StoredBlobUploads
  let client: UploadClient

  beforeEach(async () => {
    storage = new MemoryDriver()
    blobs = new StoredBlobs({ storage, cache: {} })
    uploads = new StoredBlobUploads({ storage, keys, descriptors: blobs.descriptors })
    client = await UploadClient.start({ uploads, blobs })
  })

  it.each(['its PUT', 'a PATCH'])('by %s is known where it was pushed, without a look', async (by) => {
    if (by === 'a PATCH') await client.append(body('content'))
    await client.complete(digest, by === 'a PATCH' ? undefined : body('content'))
    storage.read = () => Promise.reject(new Error('nothing is to be read'))
    storage.stat = () => Promise.reject(new Error('nothing is to be read'))
    const descriptor = { mediaType: 'application/octet-stream', digest, size: 7 }
    expect(await blobs.stat(repository, digest)).toEqual(descriptor)
    expect(await blobs.statAll(repository, [digest])).toEqual([descriptor])
  })

  it('is not known where its digest is another', async () => {
    await expect(client.complete(digest, body('other'))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    expect(await blobs.statAll(repository, [digest])).toEqual([undefined])
  })

  it('is not remembered where it was removed before its push was over', async () => {
    const put = storage.put.bind(storage)
    storage.put = async (path, ...rest) => {
      await put(path, ...rest)
      if (path === link) await blobs.unlink(repository, digest)
    }
    await client.complete(digest, body('content'))
    expect(await blobs.statAll(repository, [digest])).toEqual([undefined])
  })

  it('is read from storage where nothing is remembered', async () => {
    const forgetful = new StoredBlobs({ storage })
    const alone = new StoredBlobUploads({ storage, keys, descriptors: forgetful.descriptors })
    await client.on({ uploads: alone, blobs: forgetful }).complete(digest, body('content'))
    await storage.delete(link)
    expect(await forgetful.statAll(repository, [digest])).toEqual([undefined])
  })
})
