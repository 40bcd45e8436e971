import { describe, expect, it } from 'vitest'
import { loadConfig } from '../load-config.ts'

function load(parameters: string, environment: Record<string, string> = {}) {
  const readFile = () => `{version: 0.1, storage: {s3: {region: r, bucket: b, ${parameters}}}}`
  const { config, warnings } = loadConfig({ path: 'config.yml', environment, readFile })
  return { driver: config.storage.driver, s3: config.secrets.s3, config, warnings }
}

describe('storage.s3', () => {
  it('is AWS where no endpoint is given', () => {
    const { driver, s3 } = load('')
    expect(driver).toEqual({
      name: 's3',
      region: 'r',
      bucket: 'b',
      rootDirectory: '',
      forcePathStyle: false,
      skipVerify: false,
      useDualStack: false,
      accelerate: false,
      useFips: false,
      encrypt: false,
      chunkSize: 10_485_760,
      copyChunkSize: 33_554_432,
      copyConcurrency: 16,
      copyThreshold: 33_554_432,
      checksums: true,
      maxAttempts: 8,
      timeoutMs: 30_000,
    })
    expect(s3).toBeUndefined()
  })

  it('asks nothing of another store that only AWS has, unless it is told to', () => {
    const endpoint = 'regionendpoint: store.example'
    expect(load(endpoint).driver).toMatchObject({
      endpoint: 'https://store.example',
      forcePathStyle: true,
      checksums: false,
    })
    expect(load(`${endpoint}, forcepathstyle: false, checksums: true, secure: false`).driver).toMatchObject({
      endpoint: 'http://store.example',
      forcePathStyle: false,
      checksums: true,
    })
    expect(load('regionendpoint: "http://store.example:9000"').driver).toMatchObject({
      endpoint: 'http://store.example:9000',
    })
  })

  it.each([
    ['storageclass: standard_ia', { storageClass: 'STANDARD_IA' }],
    ['objectacl: bucket-owner-full-control', { objectAcl: 'bucket-owner-full-control' }],
    ['encrypt: true, keyid: k', { encrypt: true, keyId: 'k' }],
    ['chunksize: "20971520"', { chunkSize: 20_971_520 }],
    ['redirectendpoint: cdn.example', { redirectEndpoint: 'https://cdn.example' }],
    ['maxattempts: 2, timeout: 5s', { maxAttempts: 2, timeoutMs: 5000 }],
  ])('takes %s', (parameters, expected) => {
    expect(load(parameters).driver).toMatchObject(expected)
  })

  it.each(['storageclass: NONE', 'storageclass: STANDARD', 'objectacl: private'])(
    'leaves to the store what it does anyway: %s',
    (parameters) => {
      expect(load(parameters).driver).toEqual(load('').driver)
    },
  )

  it.each([
    ['regionendpoint: store.example, accelerate: true', 'storage.s3.accelerate: is of AWS'],
    ['regionendpoint: store.example, usedualstack: true', 'storage.s3.usedualstack: is of AWS'],
    ['regionendpoint: store.example, usefipsendpoint: true', 'storage.s3.usefipsendpoint: is of AWS'],
    ['accelerate: true, forcepathstyle: true', 'cannot be with forcepathstyle'],
    ['keyid: "k "', 'storage.s3.keyid: has characters, or blanks at an end'],
    ['useragent: "one\\r\\nx-two: three"', 'storage.s3.useragent: has characters'],
    ['regionendpoint: "http:/bad host"', 'storage.s3.regionendpoint: is neither a URL nor a host'],
    ['redirectendpoint: "cdn.example:123456"', 'storage.s3.redirectendpoint: is not'],
    ['regionendpoint: "ftp://store.example"', 'storage.s3.regionendpoint'],
  ])('refuses %s', (parameters, message) => {
    expect(() => load(parameters)).toThrow(message)
  })

  it.each([
    ['sessiontoken: t', 'storage.s3.sessiontoken: has no effect without accesskey and secretkey'],
    ['keyid: k', 'storage.s3.keyid: has no effect without encrypt'],
  ])('warns of what has no effect: %s', (parameters, warning) => {
    expect(load(parameters).warnings.join()).toContain(warning)
  })

  it.each(['store', 'store:9000', '[::1]:9000', 'store.example/prefix'])('takes the host %s', (written) => {
    expect(load(`regionendpoint: "${written}"`).driver).toMatchObject({ endpoint: `https://${written}` })
  })

  it('keeps its secret apart, and shows it to nobody', () => {
    const { config, s3 } = load('accesskey: k, secretkey: hidden', { REGISTRY_STORAGE_S3_SESSIONTOKEN: 'passing' })
    expect(s3?.secretKey.reveal()).toBe('hidden')
    expect(s3?.sessionToken?.reveal()).toBe('passing')
    expect(JSON.stringify(config)).not.toMatch(/hidden|passing/)
  })

  it.each([
    ['', 10_485_760],
    ['chunksize: 5242880', 5_242_880],
    ['chunksize: 1073741824', 16_777_216],
  ])('asks clients for chunks of a part, as far as they can be expected to hold one: %j', (parameters, expected) => {
    expect(load(parameters).config.uploads.chunkMinLength).toBe(expected)
    const asked = load(parameters, { REGISTRY_UPLOADS_CHUNKMINLENGTH: '0' })
    expect(asked.config.uploads.chunkMinLength).toBe(0)
  })

  it('is reached by the environment', () => {
    expect(load('', { REGISTRY_STORAGE_S3_BUCKET: 'other' }).driver).toMatchObject({ bucket: 'other' })
  })

  it('is s3aws by its other name', () => {
    const readFile = () => 'version: 0.1\nstorage: {s3aws: {region: r, bucket: b, accesskey: k, secretkey: s}}'
    const { config } = loadConfig({ path: 'config.yml', environment: {}, readFile })
    expect(config.storage.driver).toEqual(load('').driver)
    expect(config.secrets.s3?.accessKey).toBe('k')
  })
})
