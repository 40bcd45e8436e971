import { describe, expect, it } from 'vitest'
import { requireKeys } from './require-keys.ts'

describe('what a process cannot do without', () => {
  it('is told, all that is missing at once', () => {
    expect(() => requireKeys('manifest', { 'rpc.listen': undefined, 'services.blobs.addresses': [], 'http.addr': 1 }))
      .toThrow(`2 problems in the configuration (manifest):
  rpc.listen: is required: manifest does not work without it
  services.blobs.addresses: is required: manifest does not work without it`)
  })

  it('is handed over where it is there', () => {
    const address: string | undefined = 'a'
    const found: { readonly 'rpc.listen': string } = requireKeys('manifest', { 'rpc.listen': address })
    expect(found['rpc.listen']).toBe('a')
  })
})
