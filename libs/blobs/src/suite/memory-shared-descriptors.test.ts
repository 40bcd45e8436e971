import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { describe, expect, it } from 'vitest'
import { describeSharedDescriptors } from './describe-shared-descriptors.ts'
import { MemorySharedDescriptors, MemorySharedState } from './memory-shared-descriptors.ts'

describeSharedDescriptors('in memory', async (replicas) => {
  const state = new MemorySharedState(() => 0)
  return Array.from({ length: replicas }, () => new MemorySharedDescriptors(state))
})

const here = parseRepositoryName('here')
const digest = digestOf('a blob')
const blob = { descriptor: { mediaType: 'application/octet-stream', digest, size: 6 }, target: digest }

describe('MemorySharedDescriptors', () => {
  it('keeps an entry for an hour, and a hold for a minute', async () => {
    let nowMs = 0
    const shared = new MemorySharedDescriptors(new MemorySharedState(() => nowMs))
    const { generation = '' } = await shared.find(here, digest)
    await shared.fill(here, digest, blob, generation)
    nowMs = 3_599_999
    expect(await shared.find(here, digest)).toEqual({ blob })
    nowMs = 3_600_000
    expect((await shared.find(here, digest)).blob).toBeUndefined()

    await shared.hold(here, digest)
    nowMs += 59_999
    expect((await shared.find(here, digest)).generation).toBeUndefined()
    nowMs += 1
    expect((await shared.find(here, digest)).generation).toEqual(expect.any(String))
  })
})
