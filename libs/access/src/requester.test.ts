import { expect, it } from 'vitest'
import { Requester } from './requester.ts'

it('whom work is done for is known in all that it leads to, and nowhere else', async () => {
  const requester = new Requester()
  const later = async () => {
    await Promise.resolve()
    return requester.current?.name
  }
  const both = [requester.for({ name: 'alice' }, later), requester.for({ name: 'bob' }, later), later()]
  expect(await Promise.all(both)).toEqual(['alice', 'bob', undefined])
})
