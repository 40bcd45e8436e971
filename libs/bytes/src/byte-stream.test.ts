import type { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect, limitBytes, streamOf } from './byte-stream.ts'

const abc = Uint8Array.of(97, 98, 99)

/** A stream without end that knows whether it was let go. */
function endless() {
  const source = { isReleased: false, read: 0, [Symbol.asyncIterator]: iterate }
  async function* iterate() {
    try {
      for (;;) {
        source.read += 1
        yield abc
      }
    } finally {
      source.isReleased = true
    }
  }
  return source
}

describe('collecting a stream', () => {
  it('joins its chunks', async () => {
    expect(Array.from(await collect(streamOf(abc, abc), 6))).toEqual([...abc, ...abc])
  })

  it('copies nothing where there is one chunk', async () => {
    expect(await collect(streamOf(abc), 3)).toBe(abc)
  })

  it('yields no bytes where there are none', async () => {
    expect(await collect(streamOf(), 0)).toHaveLength(0)
  })

  it('throws what its source throws', async () => {
    async function* broken() {
      yield abc
      throw new Error('connection reset')
    }

    await expect(collect(broken(), 100)).rejects.toThrow('connection reset')
  })

  it('yields all, or refuses more than the limit, in whatever chunks they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), fc.nat(30), async (chunks, limit) => {
        const whole = Buffer.concat(chunks)
        const refusal = { code: 'SIZE_INVALID', detail: { limit } }
        const got = await collect(streamOf(...chunks), limit).then(Array.from, ({ code, detail }: RegistryError) => ({
          code,
          detail,
        }))
        const expected = whole.length <= limit ? Array.from(whole) : refusal
        expect(got).toEqual(expected)
      }),
    )
  })
})

describe('a limit', () => {
  it('stops a stream at the first chunk beyond it, and lets it go', async () => {
    const source = endless()

    await expect(collect(limitBytes(source, 7), 100)).rejects.toMatchObject({
      code: 'SIZE_INVALID',
      detail: { limit: 7 },
    })
    expect(source).toMatchObject({ read: 3, isReleased: true })
  })

  it('lets its source go when its reader stops', async () => {
    const source = endless()

    for await (const chunk of limitBytes(source, 7)) {
      expect(chunk).toBe(abc)
      break
    }

    expect(source).toMatchObject({ read: 1, isReleased: true })
  })
})
