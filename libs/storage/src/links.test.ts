import type { Digest } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import { formatLink } from './layout.ts'
import { DamagedLink, findLink, findWholeLink, putLink } from './links.ts'
import { MemoryDriver } from './memory/memory-driver.ts'
import { StorageError } from './storage-error.ts'
import { parseStoragePath } from './storage-path.ts'

const path = parseStoragePath('/docker/link')
const digest = `sha256:${'0'.repeat(64)}` as Digest

async function storageWith(content: Uint8Array): Promise<MemoryDriver> {
  const storage = new MemoryDriver()
  await storage.put(path, content)
  return storage
}

describe.each([
  ['findLink', findLink],
  ['findWholeLink', findWholeLink],
])('%s', (_, find) => {
  it('finds what a link holds', async () => {
    expect(await find(await storageWith(formatLink(digest)), path)).toBe(digest)
  })

  it('finds nothing where nothing is', async () => {
    expect(await find(new MemoryDriver(), path)).toBeUndefined()
  })

  it('does not take an outage for a missing link', async () => {
    const storage = new MemoryDriver()
    storage.read = async () => {
      throw new StorageError('STORAGE_UNAVAILABLE', path, 'test')
    }
    await expect(find(storage, path)).rejects.toThrow('STORAGE_UNAVAILABLE')
  })
})

describe.each(['', 'sha256:', `${digest}\n`, 'x'.repeat(2000)])('a damaged link (%j)', (text) => {
  it('counts as none for findLink', async () => {
    expect(await findLink(await storageWith(Buffer.from(text)), path)).toBeUndefined()
  })

  it('is told apart by findWholeLink', async () => {
    await expect(findWholeLink(await storageWith(Buffer.from(text)), path)).rejects.toThrow(DamagedLink)
  })

  it('is healed by putLink', async () => {
    const storage = await storageWith(Buffer.from(text))
    await putLink(storage, path, digest)
    expect(await findWholeLink(storage, path)).toBe(digest)
  })
})

describe('putLink', () => {
  it('writes nothing where the link says so already', async () => {
    const storage = await storageWith(formatLink(digest))
    storage.put = async () => {
      throw new Error('nothing is to be written')
    }
    await putLink(storage, path, digest)
    expect(await findLink(storage, path)).toBe(digest)
  })

  it('reads nothing where a write costs no more than a read', async () => {
    const storage = new MemoryDriver()
    const written = Object.assign(storage, { writesAreCheap: true as const })
    const read = storage.read.bind(storage)
    storage.read = async () => {
      throw new Error('nothing is to be read')
    }
    for (let times = 0; times < 2; times += 1) await putLink(written, path, digest)
    storage.read = read
    expect(await findLink(storage, path)).toBe(digest)
  })
})
