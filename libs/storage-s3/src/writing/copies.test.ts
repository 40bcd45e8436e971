import { randomBytes, randomUUID } from 'node:crypto'
import { collect, streamOf } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { expect, it, onTestFinished } from 'vitest'
import { openOnServer } from '../driver-under-test.ts'
import { leastPart } from '../s3-settings.ts'

const at = (path: string): StoragePath => path as StoragePath

const mebibyte = 1024 * 1024
const both = [1000, leastPart + 1000]

it.each([
  ['q?x', both],
  ['hash#x', both],
  ['plus+', both],
  ['a b', both],
  ["it's*(!)", both],
  ['ümläut', both],
  ['港', both],
  // Of a copy in ranges, radosgw unescapes the source twice.
  ['per%20cent', [1000]],
])('content is copied within a bucket whatever its root directory is called: %s', async (name, sizes) => {
  const rootDirectory = `/${randomUUID()}/${name}`
  const { driver, close } = await openOnServer({ rootDirectory, chunkSize: leastPart, copyThreshold: mebibyte })
  onTestFinished(close)
  for (const size of sizes) {
    const content = randomBytes(size)
    const parts = await driver.append(at('/u/one'), [], streamOf(content))
    await driver.complete(at('/u/one'), parts, at('/file'))
    const read = Buffer.from(await collect((await driver.read(at('/file'))).content, Infinity))
    expect(content.equals(read)).toBe(true)
  }
})
