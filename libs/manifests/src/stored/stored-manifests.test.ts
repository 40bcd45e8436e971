import { StoredBlobs } from '@berth/blobs/stored'
import { MemoryDriver } from '@berth/storage/memory'
import { describeManifests } from '../suite/index.ts'
import { openManifests } from './index.ts'

for (const isExclusive of [true, false])
  describeManifests(isExclusive ? 'in memory, alone' : 'in memory, among others', (policy) => {
    const storage = new MemoryDriver()
    const blobs = new StoredBlobs({ storage })
    return { blobs, ...openManifests({ storage, blobs, policy, isExclusive }) }
  })
