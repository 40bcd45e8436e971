import { StoredBlobs, TieredDescriptors } from '@berth/blobs/stored'
import { MemorySharedDescriptors, MemorySharedState } from '@berth/blobs/suite'
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

interface Variant {
  readonly isExclusive?: boolean
  readonly writesAreCheap?: true
  readonly cache?: () => TieredDescriptors
}

const remembered = (): TieredDescriptors =>
  new TieredDescriptors({ shared: new MemorySharedDescriptors(new MemorySharedState(() => 0)) })
const variants: Readonly<Record<string, Variant>> = {
  'in memory, alone': { isExclusive: true },
  'in memory, among others': {},
  'in memory, among others who remember': { cache: () => new TieredDescriptors() },
  'where writes are cheap, among others who remember together': { writesAreCheap: true, cache: remembered },
}

for (const [name, { isExclusive = false, writesAreCheap, cache }] of Object.entries(variants)) {
  const open: OpenServices = (policy, schema1) => {
    const storage = Object.assign(new MemoryDriver(), writesAreCheap && { writesAreCheap })
    const blobs = new StoredBlobs({ storage })
    return { blobs, ...openManifests({ storage, blobs, policy, schema1, isExclusive, cache: cache?.() }) }
  }
  describeManifests(name, open)
  describeTags(name, open)
  describeCatalog(name, open)
  describeReferrers(name, open)
  describeSchema1(name, open)
}
