import { describe, expect, it, onTestFinished } from 'vitest'
import { settingsUnderTest } from '../driver-under-test.ts'
import { SignedUrls } from './signed-urls.ts'

describe('a signed URL', () => {
  it.each([{ accelerate: true }, { useFips: true }, { useDualStack: true }])(
    'is of the endpoint that clients reach, where the registry itself uses AWS’s with %j',
    async (used) => {
      const { endpoint: _, ...settings } = settingsUnderTest()
      const urls = new SignedUrls({ ...settings, redirectEndpoint: 'https://cdn.example', ...used }, Date.now, {
        warn() {},
      })
      onTestFinished(() => urls.close())
      expect(new URL(await urls.of('file', 60_000)).host).toBe('cdn.example')
    },
  )
})
