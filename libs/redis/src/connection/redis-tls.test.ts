import type { RedisConfig } from '@berth/process'
import { describe, expect, it } from 'vitest'
import { loadRedisTls } from './redis-tls.ts'

const config: RedisConfig = { addresses: [{ host: 'redis', port: 6379 }], db: 0, dialTimeoutMs: 1, readTimeoutMs: 1 }
const withTls = { ...config, tls: { certificateFile: 'cert', keyFile: 'key', caFiles: ['ca', 'other-ca'] } }

describe('the TLS of a connection to Redis', () => {
  it('is none where none is configured', () => {
    expect(loadRedisTls(config, () => 'never read')).toBeUndefined()
  })

  it('trusts whom the system trusts where no authority is named', () => {
    expect(loadRedisTls({ ...config, tls: { caFiles: [] } }, () => 'never read')).toEqual({})
  })

  it('names every file that cannot be read', () => {
    const read = (file: string): string => {
      throw new Error(`no such file: ${file}`)
    }
    expect(() => loadRedisTls(withTls, read)).toThrow(/cert cannot be read[^]*key cannot[^]*ca cannot[^]*other-ca/)
  })

  it('says so where the files hold nothing that can be used', () => {
    expect(() => loadRedisTls(withTls, () => 'not PEM')).toThrow('redis.tls')
  })
})
