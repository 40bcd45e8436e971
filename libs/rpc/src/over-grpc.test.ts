import { StoredBlobs } from '@berth/blobs/stored'
import { describeBlobs } from '@berth/blobs/suite'
import { openManifests } from '@berth/manifests/stored'
import {
  describeCatalog,
  describeManifests,
  describeReferrers,
  describeSchema1,
  describeTags,
  type OpenServices,
} from '@berth/manifests/suite'
import { MemoryDriver } from '@berth/storage/memory'
import { afterAll } from 'vitest'
import { serve } from './test-server.ts'
import { RemoteBlobs } from './client/remote-blobs.ts'
import { RemoteCatalog, RemoteReferrers, RemoteTags } from './client/remote-listings.ts'
import { RemoteManifests } from './client/remote-manifests.ts'

const closing: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const close of closing) await close()
})

describeBlobs('over gRPC', async () => {
  const { channel, close } = await serve({ blobs: new StoredBlobs({ storage: new MemoryDriver() }) })
  closing.push(close)
  return new RemoteBlobs(channel)
})

const open: OpenServices = async (policy, schema1) => {
  const storage = new MemoryDriver()
  const blobs = new StoredBlobs({ storage })
  const { channel, close } = await serve(openManifests({ storage, blobs, policy, schema1, isExclusive: false }))
  return {
    blobs,
    manifests: new RemoteManifests(channel),
    tags: new RemoteTags(channel),
    catalog: new RemoteCatalog(channel),
    referrers: new RemoteReferrers(channel),
    close,
  }
}

describeManifests('over gRPC', open)
describeTags('over gRPC', open)
describeCatalog('over gRPC', open)
describeReferrers('over gRPC', open)
describeSchema1('over gRPC', open)
