import type { Digest } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import { findLink } from './read-link.ts'
import { StorageError } from './storage-error.ts'
import type { StorageDriver } from './storage-driver.ts'
import { parseStoragePath } from './storage-path.ts'
import { formatLink } from './layout.ts'

const path = parseStoragePath('/docker/link')
const digest = `sha256:${'0'.repeat(64)}` as Digest

function storageWith(content: () => Uint8Array): StorageDriver {
  const read = async (): Promise<unknown> => {
    const bytes = content()
    return {
      size: bytes.byteLength,
      content: (async function* () {
        yield bytes
      })(),
    }
  }
  return { read } as unknown as StorageDriver
}

describe('findLink', () => {
  it('finds what a link holds', async () => {
    expect(
      await findLink(
        storageWith(() => formatLink(digest)),
        path,
      ),
    ).toBe(digest)
  })

  it.each(['', 'sha256:', `${digest}\n`, 'x'.repeat(2000)])('takes a damaged link (%j) for none', async (text) => {
    expect(
      await findLink(
        storageWith(() => Buffer.from(text)),
        path,
      ),
    ).toBeUndefined()
  })

  it('finds nothing where nothing is', async () => {
    const missing = storageWith(() => {
      throw new StorageError('PATH_NOT_FOUND', path, 'test')
    })
    expect(await findLink(missing, path)).toBeUndefined()
  })

  it('does not take an outage for a missing link', async () => {
    const failing = storageWith(() => {
      throw new StorageError('STORAGE_UNAVAILABLE', path, 'test')
    })
    await expect(findLink(failing, path)).rejects.toThrow('STORAGE_UNAVAILABLE')
  })
})
