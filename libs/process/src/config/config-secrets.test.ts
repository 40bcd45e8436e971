import { describe, expect, it } from 'vitest'
import type { Environment } from './environment.ts'
import { loadConfig } from './load-config.ts'
import { withoutCredentials } from './without-credentials.ts'

const secret = 'hunter2secret'
const memory = 'version: 0.1\nstorage: inmemory\n'

/** All that is told of a configuration, whether it can be used or not. */
function toldOf(text: string, environment: Environment = {}): string {
  const files: Readonly<Record<string, string>> = {
    config: text,
    jwk: `{"kty":"EC","d":"${secret}" "x"}`,
    pem: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  }
  try {
    const { config, warnings } = loadConfig({
      path: 'config',
      environment,
      readFile: (path) => files[path] ?? '',
      uses: ['rpc', 'services'],
    })
    return JSON.stringify({ config: { ...config, health: undefined }, warnings })
  } catch (error) {
    return `${(error as Error).stack} ${JSON.stringify(error)}`
  }
}

describe('what is told of a configuration shows no secret', () => {
  it.each([
    `http: {secret: ${secret}}`,
    `http: {secret: *${secret}}`,
    `http: {secret: !${secret} x}`,
    `http: {secret: "${secret}}`,
    `http: {secret: "a\\q${secret}"}`,
    `http: {secret: [${secret}]}`,
    `http: {secret: {${secret}: 1}}`,
    `http: {secret: @${secret}}`,
    `http: {secret: a: ${secret}}`,
    `http:\n  secret: ${secret}\n bad`,
    `http: {host: "ftp://user:${secret}@host"}`,
    `http: {tls: {certificate: pem, key: pem}}`,
    `rpc: {tls: {certificate: pem, key: pem}}`,
    `uploads: {keys: ${secret}}`,
    `uploads: {keys: [${secret}]}`,
    `uploads: {keys: [{id: a, secret: ${secret}, use: sgn}]}`,
    `uploads: {keys: [{id: a, secret: ${secret}, use: sign}]}`,
    `uploads: {keys: [{id: a, secret: [${secret}]}]}`,
    `redis: ${secret}`,
    `redis: {password: [${secret}]}`,
    `redis: {addrs: ["r:1"], password: ${secret}, sentinelpassword: ${secret}}`,
    `redis: {addrs: ["user:${secret}@host:1"]}`,
    `redis: {addr: "redis://user:${secret}@host:1"}`,
    `proxy: {remoteurl: "https://user:${secret}@host", password: ${secret}}`,
    `notifications: {endpoints: [{url: "https://user:${secret}@host", headers: {Authorization: [${secret}]}}]}`,
    `log: {hooks: [{type: mail, options: {smtp: {password: ${secret}}}}]}`,
    `reporting: {bugsnag: {apikey: ${secret}}}`,
    `health: {http: [{uri: "user:${secret}@host"}]}`,
    `auth: {token: {realm: r, service: s, issuer: i, jwksurl: "ftp://user:${secret}@host"}}`,
    'compatibility: {schema1: {signingkeyfile: jwk}}',
    'compatibility: {schema1: {signingkeyfile: pem}}',
  ])('%s', (yaml) => {
    expect(toldOf(memory + yaml)).not.toContain(secret)
  })

  it.each([
    `{region: r, bucket: b, accesskey: a, secretkey: ${secret}}`,
    `{region: r, bucket: b, accesskey: a, secretkey: ${secret}, sessiontoken: ${secret}}`,
    `{region: r, bucket: b, secretkey: ${secret}}`,
    `{region: r, bucket: b, secretkey: [${secret}]}`,
    `{region: r, bucket: b, regionendpoint: "ftp://key:${secret}@host"}`,
  ])('storage.s3: %s', (s3) => {
    expect(toldOf(`version: 0.1\nstorage: {s3: ${s3}}`)).not.toContain(secret)
  })

  it.each([
    ['HTTP_SECRET', `"${secret}`],
    ['HTTP_SECRET', `[${secret}`],
    ['HTTP', `{secret: *${secret}}`],
    ['HTTP_SECRET_MORE', secret],
    ['REDIS_PASSWORD', `{${secret}`],
    ['UPLOADS_KEYS', secret],
    ['UPLOADS_KEYS', `*${secret}`],
    ['REDIS_ADDRS', `["user:${secret}@host:1"]`],
  ])('the variable REGISTRY_%s: %s', (name, value) => {
    expect(toldOf(memory, { [`REGISTRY_${name}`]: value })).not.toContain(secret)
  })
})

describe('a text without its credentials', () => {
  it.each([
    ['"https://user:pass@host/path" is wrong', '"https://user:***@host/path" is wrong'],
    ['https://:pass@host', 'https://:***@host'],
    ['user:p:a@host:1', 'user:***@host:1'],
    ['https://host:5000/a', 'https://host:5000/a'],
    ['https://host/a@sha256:abc', 'https://host/a@sha256:abc'],
    ['dns:///name:port', 'dns:///name:port'],
  ])('%s is %s', (text, expected) => {
    expect(withoutCredentials(text)).toBe(expected)
  })
})
