import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName, type RepositoryName } from '@berth/reference'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LinkedBlob } from '../linked-blob.ts'
import type { SharedDescriptors } from '../shared-descriptors.ts'

const here = parseRepositoryName('library/here')
const there = parseRepositoryName('there')
const digest = digestOf('a blob')
const other = digestOf('another')
const alias = digestOf('a blob', 'sha512')

/**
 * What every implementation of `SharedDescriptors` must do.
 *
 * @param open makes as many replicas as are asked for, connected, of one cache that has nothing in it
 */
export function describeSharedDescriptors(
  name: string,
  open: (replicas: number) => Promise<readonly SharedDescriptors[]>,
): void {
  describe(`SharedDescriptors ${name}`, () => {
    let mine: SharedDescriptors
    let yours: SharedDescriptors

    beforeEach(async () => {
      const [first, second] = await open(2)
      if (first === undefined || second === undefined) throw new Error('two replicas were asked for')
      mine = first
      yours = second
    })

    const generationOf = async (repository: RepositoryName, of: Digest = digest): Promise<string> => {
      const { generation } = await mine.find(repository, of)
      if (generation === undefined) throw new Error('there is no generation to fill with')
      return generation
    }

    const fill = async (repository: RepositoryName, blob: LinkedBlob = blobOf()): Promise<void> => {
      const { digest: of } = blob.descriptor
      expect(await mine.fill(repository, of, blob, await generationOf(repository, of))).toBe(true)
    }

    describe('remembering', () => {
      it('has nothing that was not filled', async () => {
        expect(await mine.find(here, digest)).toMatchObject({ generation: expect.any(String) })
        expect((await mine.find(here, digest)).blob).toBeUndefined()
      })

      it('has for every replica what one has filled', async () => {
        await fill(here)
        expect((await mine.find(here, digest)).blob).toEqual(blobOf())
        expect((await yours.find(here, digest)).blob).toEqual(blobOf())
      })

      it('has it in no other repository, and no other blob', async () => {
        await fill(here)
        expect((await mine.find(there, digest)).blob).toBeUndefined()
        expect((await mine.find(here, other)).blob).toBeUndefined()
      })

      it('keeps what each repository says of a blob', async () => {
        const theirs = { ...blobOf(), descriptor: { ...blobOf().descriptor, mediaType: 'application/vnd.other' } }
        await fill(here)
        await fill(there, theirs)
        expect((await yours.find(here, digest)).blob).toEqual(blobOf())
        expect((await yours.find(there, digest)).blob).toEqual(theirs)
      })

      it('has an alias with what it points at, and says nothing of a link to that', async () => {
        await fill(here, { ...blobOf(alias), target: digest })
        expect((await yours.find(here, alias)).blob).toEqual({ ...blobOf(alias), target: digest })
        expect((await yours.find(here, digest)).blob).toBeUndefined()
      })

      it.each([0, 1, Number.MAX_SAFE_INTEGER])('keeps a size of %i', async (size) => {
        await fill(here, blobOf(digest, size))
        expect((await mine.find(here, digest)).blob?.descriptor.size).toBe(size)
      })

      it.each([
        ['without a type', { mediaType: '' }],
        ['of a negative size', { size: -1 }],
        ['of no whole size', { size: 1.5 }],
        ['of no size', { size: NaN }],
      ])('refuses a descriptor %s', async (_, fault) => {
        const blob = { ...blobOf(), descriptor: { ...blobOf().descriptor, ...fault } }
        const filled = mine.fill(here, digest, blob, await generationOf(here))
        await expect(filled).rejects.toThrow('only what is a descriptor can be cached')
        expect((await mine.find(here, digest)).blob).toBeUndefined()
      })

      it('lets several fill what they have read at the same time', async () => {
        const [first, second] = [await mine.find(here, digest), await yours.find(here, digest)]
        expect(first.generation).toBe(second.generation)
        expect(await mine.fill(here, digest, blobOf(), first.generation ?? '')).toBe(true)
        expect(await yours.fill(here, digest, blobOf(), second.generation ?? '')).toBe(true)
      })

      it('takes nothing of a generation that it does not know', async () => {
        expect(await mine.fill(here, digest, blobOf(), 'never given')).toBe(false)
        await mine.find(here, digest)
        expect(await mine.fill(here, digest, blobOf(), 'never given')).toBe(false)
        expect((await mine.find(here, digest)).blob).toBeUndefined()
      })
    })

    describe('a removal', () => {
      it('drops the entry, and lets nothing be filled while it lasts', async () => {
        await fill(here)
        await yours.hold(here, digest)
        expect(await mine.find(here, digest)).toMatchObject({ generation: undefined })
        expect((await mine.find(here, digest)).blob).toBeUndefined()
      })

      it.each(['held', 'released'])('drops a fill of what was read before it was %s', async (state) => {
        const before = await generationOf(here)
        const hold = await yours.hold(here, digest)
        if (state === 'released') await yours.release(here, digest, hold)
        expect(await mine.fill(here, digest, blobOf(), before)).toBe(false)
        expect((await mine.find(here, digest)).blob).toBeUndefined()
      })

      it('lets what is read after it be filled', async () => {
        await fill(here)
        await yours.release(here, digest, await yours.hold(here, digest))
        expect((await mine.find(here, digest)).blob).toBeUndefined()
        await fill(here)
        expect((await yours.find(here, digest)).blob).toEqual(blobOf())
      })

      it('is over when the last of several is', async () => {
        const holds = [await mine.hold(here, digest), await yours.hold(here, digest)]
        await mine.release(here, digest, holds[1] ?? '')
        expect(await mine.find(here, digest)).toMatchObject({ generation: undefined })
        await mine.release(here, digest, holds[1] ?? '')
        expect(await mine.find(here, digest)).toMatchObject({ generation: undefined })
        await mine.release(here, digest, holds[0] ?? '')
        await fill(here)
      })

      it('drops what was filled after its hold was lost', async () => {
        const hold = await yours.hold(here, digest)
        await yours.release(here, digest, hold)
        await fill(here)
        const late = await generationOf(there)
        await yours.release(here, digest, hold)
        expect((await mine.find(here, digest)).blob).toBeUndefined()
        expect(await mine.fill(there, digest, blobOf(), late)).toBe(true)
      })

      it('takes nothing from another repository, and what that fills again does not come back', async () => {
        await fill(here)
        await fill(there)
        await mine.release(here, digest, await mine.hold(here, digest))
        expect((await yours.find(there, digest)).blob).toEqual(blobOf())
        await mine.forget(there, digest)
        await fill(there)
        expect((await yours.find(here, digest)).blob).toBeUndefined()
      })

      it('may be of what was never filled', async () => {
        await mine.release(here, other, await mine.hold(here, other))
        await mine.forget(here, other)
        await mine.release(here, other, 'never held')
        expect((await mine.find(here, other)).blob).toBeUndefined()
      })
    })

    describe('forgetting', () => {
      it('drops the entry, and a fill of what was read before', async () => {
        const before = await generationOf(here)
        await fill(here)
        await yours.forget(here, digest)
        expect(await mine.fill(here, digest, blobOf(), before)).toBe(false)
        expect((await mine.find(here, digest)).blob).toBeUndefined()
        await fill(here)
      })

      it('ends no removal', async () => {
        const hold = await yours.hold(here, digest)
        await mine.forget(here, digest)
        expect(await mine.find(here, digest)).toMatchObject({ generation: undefined })
        await yours.release(here, digest, hold)
        await fill(here)
      })
    })

    it.each(['hold', 'release', 'forget'] as const)('tells every replica of a %s', async (operation) => {
      const hold = await mine.hold(here, digest)
      const told = [mine, yours].map((replica) => {
        const { promise, resolve } = Promise.withResolvers<unknown>()
        // What was held above may still be on its way, and is of another blob.
        replica.listen({
          invalidated: (repository, of) => of === other && resolve([repository, of]),
          reconnected: () => {},
        })
        return promise
      })
      if (operation === 'hold') await mine.hold(there, other)
      else if (operation === 'release') await mine.release(there, other, hold)
      else await mine.forget(there, other)
      expect(await Promise.all(told)).toEqual([
        [there, other],
        [there, other],
      ])
    })
  })
}

function blobOf(of: Digest = digest, size = 6): LinkedBlob {
  return { descriptor: { mediaType: 'application/octet-stream', digest: of, size }, target: of }
}
