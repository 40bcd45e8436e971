import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteBudget } from '@berth/bytes'
import { FilesystemDriver } from '@berth/storage-filesystem'
import { afterAll } from 'vitest'
import { describeBlobs } from '../suite/describe-blobs.ts'
import { describeSendableBlobs } from '../suite/describe-sendable-blobs.ts'
import { StoredBlobs } from './stored-blobs.ts'

const ignore = (): void => {}
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const closing: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const close of closing) await close()
})

async function open(cache?: object): Promise<StoredBlobs> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-blobs-'))
  const storage = await FilesystemDriver.open({ rootDirectory, budget: new ByteBudget(16 * 1024 * 1024), log })
  closing.push(async () => {
    await storage.close()
    await rm(rootDirectory, { recursive: true })
  })
  return new StoredBlobs({ storage, ...(cache && { cache }) })
}

describeBlobs('in files', () => open())
describeBlobs('in files, cached', () => open({}))
describeSendableBlobs('in files', () => open())
