import { setImmediate } from 'node:timers/promises'
import type { Descriptor } from '@berth/descriptor'
import { type Digest, digestOf } from '@berth/digest'
import { type Manifest, mediaTypes, type Reference } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import { faultsOf, repository } from '../suite/build-manifests.ts'
import { strictPolicy } from '../suite/index.ts'
import { verifyReferences } from './verify-references.ts'

function manifestOf(count: number, urls: readonly string[] = []): Manifest {
  const references = Array.from({ length: count }, (_, index): Reference => {
    const descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(String(index)), size: 1, urls }
    return { descriptor, role: 'layer', field: `layers[${index}]` }
  })
  return { mediaType: mediaTypes.ociManifest, kind: 'image', references }
}

/** Blobs of a store that has all, or none, and counts how many it is asked for. */
function blobsThat(exist: boolean) {
  const lookedUp: number[] = []
  const statAll = (_: unknown, digests: readonly Digest[]): Promise<readonly (Descriptor | undefined)[]> => {
    lookedUp.push(digests.length)
    return Promise.resolve(digests.map((digest) => (exist ? { mediaType: '', digest, size: 1 } : undefined)))
  }
  return { statAll, lookedUp }
}

const hasManifest = (): Promise<boolean> => Promise.resolve(false)

describe('the references of a manifest with tens of thousands', () => {
  it('are looked up a few hundred at a time', async () => {
    const blobs = blobsThat(true)
    await verifyReferences(manifestOf(1100), { repository, policy: strictPolicy, blobs, hasManifest })
    expect(blobs.lookedUp).toEqual([512, 512, 76])
  })

  it('are no longer looked up once as many are missing as are reported', async () => {
    const blobs = blobsThat(false)
    const parts = { repository, policy: strictPolicy, blobs, hasManifest }
    const faults = await faultsOf(verifyReferences(manifestOf(30_000), parts))
    expect(faults).toHaveLength(100)
    expect(blobs.lookedUp).toEqual([512])
  })

  it('are checked while other work goes on', async () => {
    const urls = Array.from({ length: 20 }, (_, index) => `https://example.com/${index}`)
    const parts = { repository, policy: strictPolicy, blobs: blobsThat(true), hasManifest }
    let isDone = false
    const checked = verifyReferences(manifestOf(20_000, urls), parts).finally(() => (isDone = true))
    let turns = 0
    while (!isDone) {
      await setImmediate()
      turns += 1
    }
    await checked
    expect(turns).toBeGreaterThan(5)
  })
})
