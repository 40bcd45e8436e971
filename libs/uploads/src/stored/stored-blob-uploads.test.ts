import { StoredBlobs } from '@berth/blobs/stored'
import { MemoryDriver } from '@berth/storage/memory'
import { KeyRing } from '../key-ring.ts'
import { describeBlobUploads } from '../suite/describe-blob-uploads.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

describeBlobUploads('in storage', async () => {
  const storage = new MemoryDriver()
  return {
    uploads: new StoredBlobUploads({ storage, keys: new KeyRing({ signing: 'a key' }) }),
    blobs: new StoredBlobs({ storage }),
  }
})
