import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoredBlobs } from '@berth/blobs/stored'
import { ByteBudget } from '@berth/bytes'
import type { StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { FilesystemDriver } from '@berth/storage-filesystem'
import { afterAll } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { describeBlobUploads } from '../suite/describe-blob-uploads.ts'
import type { UploadServices } from '../suite/upload-client.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

const keys = new KeyRing({ signing: 'a key' })
const ignore = (): void => {}
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const closing: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const close of closing) await close()
})

async function openFiles(): Promise<FilesystemDriver> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-uploads-'))
  const driver = await FilesystemDriver.open({ rootDirectory, budget: new ByteBudget(16 * 1024 * 1024), log })
  closing.push(async () => {
    await driver.close()
    await rm(rootDirectory, { recursive: true })
  })
  return driver
}

function storedIn(storage: StorageDriver): UploadServices {
  const uploads = new StoredBlobUploads({ storage, keys, log })
  closing.unshift(() => uploads.close())
  return { uploads, blobs: new StoredBlobs({ storage }) }
}

describeBlobUploads('in memory', async () => storedIn(new MemoryDriver()))
describeBlobUploads('in files', async () => storedIn(await openFiles()))
