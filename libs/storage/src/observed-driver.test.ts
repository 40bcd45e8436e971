import { beforeEach, describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import { MemoryDriver } from './memory/index.ts'
import { ObservedDriver } from './observed-driver.ts'
import type { StorageDriver } from './contract/storage-driver.ts'
import { arrayOf, at, bytes, failingStream } from './suite/subject.ts'
import { describeSendingDriver, describeStorageDriver } from './suite/index.ts'

const openMemory = async () => {
  const driver = ObservedDriver.observe(new MemoryDriver(), () => {})
  return { driver, close: () => driver.close() }
}

describeStorageDriver('observed', openMemory)
describeSendingDriver('observed', openMemory)

describe('ObservedDriver', () => {
  let told: string[]
  let paths: string[] = []
  let driver: ReturnType<typeof observed>

  const observed = () =>
    ObservedDriver.observe(new MemoryDriver(), (action, seconds, outcome, path) => {
      expect(seconds).toBeGreaterThanOrEqual(0)
      told.push(`${action} ${outcome}`)
      paths.push(path)
    })

  beforeEach(async () => {
    told = []
    driver = observed()
    await driver.put(at('/dir/file'), bytes('content'))
    await driver.swap(at('/area/checkpoint'), undefined, bytes('record'))
    told = []
  })

  const calls: readonly (readonly [string, (driver: StorageDriver) => Promise<unknown>, string])[] = [
    ['put of bytes', () => driver.put(at('/a'), bytes('x')), 'PutContent done'],
    ['put of a stream', () => driver.put(at('/a'), streamOf(bytes('x'))), 'Writer done'],
    ['create', () => driver.create(at('/a'), bytes('x')), 'PutContent done'],
    ['swap', () => driver.swap(at('/b/checkpoint'), undefined, bytes('x')), 'PutContent done'],
    ['readVersioned', () => driver.readVersioned(at('/area/checkpoint')), 'GetContent done'],
    ['read', () => driver.read(at('/dir/file')), 'Reader done'],
    ['stat', () => driver.stat(at('/dir/file')), 'Stat done'],
    ['list', () => arrayOf(driver.list(at('/'))), 'List done'],
    ['delete', () => driver.delete(at('/dir/file')), 'Delete done'],
    ['append', () => driver.append(at('/area'), [], streamOf(bytes('x'))), 'Writer done'],
    ['complete', () => driver.complete(at('/area'), [], at('/b')), 'Move done'],
    ['discard', () => driver.discard(at('/area'), []), 'Delete done'],
    ['abort', () => driver.abort(at('/area')), 'Delete done'],
    ['stat of nothing', () => driver.stat(at('/nothing')), 'Stat refused'],
    ['list of nothing', () => arrayOf(driver.list(at('/nothing'))), 'List refused'],
    ['swap that lost', () => driver.swap(at('/area/checkpoint'), undefined, bytes('x')), 'PutContent refused'],
    ['a stream that fails', () => driver.put(at('/a'), failingStream(new Error('cut off'))), 'Writer failed'],
  ]

  it.each(calls)('tells of %s once', async (_name, call, expected) => {
    await Promise.allSettled([call(driver)])
    expect(told).toEqual([expected])
  })

  it('tells of reading parts once the first bytes are there, and only once', async () => {
    const parts = await driver.append(at('/area'), [], streamOf(new Uint8Array(300_000)))
    told = []
    expect((await arrayOf(driver.readParts(at('/area'), parts))).length).toBeGreaterThan(1)
    expect(told).toEqual(['Reader done'])
  })

  it.each([
    ['stat', () => driver.stat(at('/dir/file')), '/dir/file'],
    ['list', () => arrayOf(driver.list(at('/dir'))), '/dir'],
    ['append', () => driver.append(at('/area'), [], streamOf(bytes('x'))), '/area'],
    ['complete', () => driver.complete(at('/area'), [], at('/b')), '/b'],
  ] as const)('tells what %s was about', async (_name, call, expected) => {
    paths = []
    await call()
    expect(paths).toEqual([expected])
  })

  it('has only the abilities that the driver has', () => {
    expect('sendTo' in driver).toBe(true)
    expect('sendPieces' in driver).toBe(true)
    expect('makeDirectory' in driver).toBe(false)
    expect('writesAreCheap' in driver).toBe(false)
    const cheap = Object.assign(new MemoryDriver(), { writesAreCheap: true as const })
    expect(ObservedDriver.observe(cheap, () => {}).writesAreCheap).toBe(true)
  })
})
