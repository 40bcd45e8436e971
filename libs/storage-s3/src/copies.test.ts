import { randomBytes, randomUUID } from 'node:crypto'
import { collect, streamOf } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { expect, it, onTestFinished } from 'vitest'
import { openOnServer } from './driver-under-test.ts'
import { leastPart } from './s3-settings.ts'

const at = (path: string): StoragePath => path as StoragePath

it.each(['q?x', 'per%20cent', 'hash#x', 'plus+', 'a b', "it's*(!)", 'ümläut', '港'])(
  'content is copied within a bucket whatever its root directory is called: %s',
  async (name) => {
    const rootDirectory = `/${randomUUID()}/${name}`
    const { driver, close } = await openOnServer({ rootDirectory, chunkSize: leastPart, copyThreshold: 1000 })
    onTestFinished(close)
    for (const size of [1000, leastPart + 1000]) {
      const content = randomBytes(size)
      const parts = await driver.append(at('/u/one'), [], streamOf(content))
      await driver.complete(at('/u/one'), parts, at('/file'))
      const read = Buffer.from(await collect((await driver.read(at('/file'))).content, Infinity))
      expect(content.equals(read)).toBe(true)
    }
  },
)
