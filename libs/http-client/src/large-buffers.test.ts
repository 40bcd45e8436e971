import { expect, it } from 'vitest'
import { LargeBuffers, largeBufferSize } from './large-buffers.ts'

it('are as many as there may be, counting those that are lost until they are told of', () => {
  const buffers = new LargeBuffers(2)
  const [one, other] = [buffers.take(), buffers.take()]
  expect([one?.byteLength, other?.byteLength]).toEqual([largeBufferSize, largeBufferSize])
  expect(buffers.take()).toBeUndefined()
  buffers.give(one as Buffer)
  expect(buffers.take()).toBe(one)
  buffers.forget()
  expect(buffers.take()).toBeInstanceOf(Buffer)
  expect(buffers.take()).toBeUndefined()
})
