import { loadConfig } from '@berth/configuration'
import { describe, expect, it } from 'vitest'
import { blobNodeConfig } from './config.ts'

const configOf = (yaml: string) =>
  blobNodeConfig(
    loadConfig({
      path: 'config.yml',
      environment: {},
      uses: ['rpc', 'services'],
      readFile: () => `{version: 0.1, ${yaml.slice(1)}`,
    }).config,
  )

describe('a blob node', () => {
  it('does not start without keys of upload tokens: another node could not continue its uploads', () => {
    expect(() => configOf('{storage: filesystem, rpc: {listen: "127.0.0.1:1"}}')).toThrow('uploads.keys: is required')
  })

  it('does not start on a memory of its own, or where services cannot reach it', () => {
    const refused = () => configOf('{storage: inmemory, http: {secret: s}}')
    expect(refused).toThrow('storage.filesystem or storage.s3: is required')
    expect(refused).toThrow('rpc.listen: is required')
  })

  it('takes the keys of http.secret, and of uploads.keys', () => {
    const listening = 'storage: filesystem, rpc: {listen: "127.0.0.1:1"}'
    expect(configOf(`{${listening}, http: {secret: s}}`).uploadKeys).toEqual({ signing: 's', verifying: [] })
    const keys = '[{id: a, secret: old, use: verify}, {id: b, secret: new, use: sign}]'
    expect(configOf(`{${listening}, uploads: {keys: ${keys}}}`).uploadKeys).toEqual({
      signing: 'new',
      verifying: ['old'],
    })
  })
})
