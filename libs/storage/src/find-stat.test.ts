import { describe, expect, it } from 'vitest'
import { findStat } from './find-stat.ts'
import { MemoryDriver } from './memory/memory-driver.ts'
import { StorageError } from './storage-error.ts'
import { parseStoragePath } from './storage-path.ts'

const path = parseStoragePath('/docker/data')

describe('findStat', () => {
  it('tells what is there', async () => {
    const storage = new MemoryDriver()
    await storage.put(path, Buffer.from('1234'))
    expect(await findStat(storage, path)).toMatchObject({ size: 4, isDirectory: false })
    expect(await findStat(storage, parseStoragePath('/docker'))).toMatchObject({ isDirectory: true })
  })

  it('finds nothing where nothing is', async () => {
    expect(await findStat(new MemoryDriver(), path)).toBeUndefined()
  })

  it('does not take an outage for nothing', async () => {
    const stat = async () => {
      throw new StorageError('STORAGE_UNAVAILABLE', path, 'test')
    }
    await expect(findStat({ stat }, path)).rejects.toThrow('STORAGE_UNAVAILABLE')
  })
})
