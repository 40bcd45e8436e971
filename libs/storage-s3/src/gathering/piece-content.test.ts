import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockPool, blockSize } from './block-pool.ts'
import { PieceContent } from './piece-content.ts'

const source = randomBytes(3 * 1024 * 1024)

it('has the bytes that came, in whatever chunks, and in few of its own', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 200_000 })), {
    maxLength: 25,
  })
  fc.assert(
    fc.property(sizes, fc.boolean(), (lengths, isLong) => {
      const content = new PieceContent(new BlockPool())
      let size = 0
      for (const length of isLong ? [900_000, ...lengths] : lengths) {
        content.add(Buffer.from(source.subarray(size, size + length)))
        size = Math.min(source.byteLength, size + length)
      }
      expect(content.size).toBe(size)
      expect(Buffer.compare(Buffer.concat(content.chunks), source.subarray(0, size))).toBe(0)
      expect(content.chunks.length).toBeLessThanOrEqual(
        content.isInBlocks ? Math.ceil(size / blockSize) : lengths.length + 1,
      )
    }),
  )
})

it('lets go of what a long piece came in', () => {
  const content = new PieceContent(new BlockPool())
  const chunk = Buffer.alloc(64 * 1024, 1)
  for (let count = 0; count < 20; count++) content.add(chunk)
  chunk.fill(2)
  expect(content.chunks.every((each) => each.every((byte) => byte === 1))).toBe(true)
})

it('keeps short pieces as they came, but for the shortest chunks', () => {
  const content = new PieceContent(new BlockPool())
  const chunk = Buffer.alloc(64 * 1024)
  content.add(chunk)
  for (let count = 0; count < 4096; count++) content.add(Buffer.alloc(1))
  expect(content.isInBlocks).toBe(false)
  expect(content.chunks[0]).toBe(chunk)
  expect(content.chunks).toHaveLength(2)
})

it('uses memory again that was given back, and no other', () => {
  const pool = new BlockPool()
  const long = Buffer.alloc(5 * blockSize)
  const [first, second] = [new PieceContent(pool), new PieceContent(pool)]
  first.add(long)
  second.add(long)
  expect(first.blocks.some((block) => second.blocks.includes(block))).toBe(false)
  pool.give(first.blocks)
  const third = new PieceContent(pool)
  third.add(long)
  expect(new Set(third.blocks)).toEqual(new Set(first.blocks))
})
