import { ByteBudget } from '@berth/bytes'
import { expect, it } from 'vitest'
import { blockSize } from '../gathering/block-pool.ts'
import { sendPiece } from './send-piece.ts'
import { SharedBuffers } from '../gathering/shared-buffers.ts'

function open() {
  const budget = new ByteBudget(1000)
  const buffers = new SharedBuffers({ budget })
  const block = buffers.blocks.take()
  const piece = {
    chunks: [block],
    size: blockSize,
    blocks: [block],
    taken: 1000,
    share: undefined,
    least: 1,
    isLast: true,
  }
  budget.tryTake(1000)
  const isUsedAgain = (): boolean => buffers.blocks.take() === block
  return { buffers, budget, piece, isUsedAgain }
}

it('has the memory of what was sent once used again', async () => {
  const { buffers, budget, piece, isUsedAgain } = open()
  await sendPiece(buffers, piece, async () => {})
  expect(budget.taken).toBe(0)
  expect(isUsedAgain()).toBe(true)
})

it.each([
  ['may be sent more than once', async (onAgain: () => void) => onAgain()],
  ['was not sent', () => Promise.reject(new Error('gone'))],
])('leaves the memory of what %s to the garbage collector', async (_name, send) => {
  const { buffers, budget, piece, isUsedAgain } = open()
  await sendPiece(buffers, piece, send).catch(() => {})
  expect(budget.taken).toBe(0)
  expect(isUsedAgain()).toBe(false)
})
