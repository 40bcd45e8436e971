import { StoredBlobs } from '@berth/blobs/stored'
import { MemoryDriver } from '@berth/storage/memory'
import {
  describeCatalog,
  describeManifests,
  describeReferrers,
  describeSchema1,
  describeTags,
  type OpenServices,
} from '../suite/index.ts'
import { openManifests } from './index.ts'

for (const isExclusive of [true, false]) {
  const name = isExclusive ? 'in memory, alone' : 'in memory, among others'
  const open: OpenServices = (policy, schema1) => {
    const storage = new MemoryDriver()
    const blobs = new StoredBlobs({ storage })
    return { blobs, ...openManifests({ storage, blobs, policy, schema1, isExclusive }) }
  }
  describeManifests(name, open)
  describeTags(name, open)
  describeCatalog(name, open)
  describeReferrers(name, open)
  describeSchema1(name, open)
}
