import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { StoragePath } from '@berth/storage'
import { expect, it, onTestFinished } from 'vitest'
import { openOnServer, settingsUnderTest } from '../driver-under-test.ts'
import { FaultyProxy } from '../faulty-proxy.ts'

const path = '/file' as StoragePath

/** A driver whose store is behind a proxy, and content in it. */
async function open(size: number) {
  const { endpoint = '' } = settingsUnderTest()
  const proxy = await FaultyProxy.to(endpoint)
  onTestFinished(() => proxy.close())
  const { driver, close } = await openOnServer({ endpoint: proxy.endpoint })
  onTestFinished(close)
  await driver.put(path, randomBytes(size))
  proxy.seen.splice(0)
  return { driver, proxy, range: { start: 0, end: size } }
}

it.each([true, false])(
  'fails with the error of the target, and asks for nothing again; closes itself: %s',
  async (autoDestroy) => {
    const { driver, proxy, range } = await open(1000)
    const error = new Error('no more')
    const target = new Writable({ autoDestroy, write: (_chunk, _encoding, done) => done(error) })
    target.on('error', () => {})
    await expect(driver.sendTo(path, range, target)).rejects.toBe(error)
    expect(proxy.seen).toHaveLength(1)
  },
)
