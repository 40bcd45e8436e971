import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Environment } from './sources/environment.ts'
import { loadConfig } from './load-config.ts'
import { ConfigError } from './problems.ts'
import { keysOf, type Node } from './schema/node.ts'
import { registry } from './schema/registry.ts'
import { withoutCredentials } from './values/without-credentials.ts'

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

describe('a secret at any wrong place', () => {
  const characters = (pattern: RegExp) => fc.stringMatching(pattern)
  const secrets = fc.oneof(
    characters(/^[a-z]{14,30}$/),
    characters(/^[0-9a-f]{16,64}$/),
    characters(/^[A-Za-z0-9+]{16,40}={0,2}$/),
    characters(/^[!-~]{12,30}$/),
    characters(/^[A-Za-z0-9]{12}[ #:@{}[\]"'%|>*&!-][A-Za-z0-9]{12}$/),
    characters(/^[A-Za-z0-9]{40}$/).map((body) => `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`),
  )
  /** Forms that a secret takes in a configuration: alone, in a list, as a key, and as a part of a text. */
  const shapes: readonly ((text: string) => unknown)[] = [
    (text) => text,
    (text) => [text],
    (text) => [[text]],
    (text) => ({ [text]: 1 }),
    (text) => ({ [text]: { [text]: [text] } }),
    (text) => [{ [text]: text }],
    (text) => ({ key: text }),
    (text) => `https://${text}`,
    (text) => `${text}:5000`,
  ]
  const places = placesOf(registry)

  it('is not shown by a refusal or a warning about a file', () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...places), fc.constantFrom(...shapes), (text, place, shape) => {
        const file = stringify(place.reduceRight<unknown>((inner, key) => around(key, inner), shape(text)))
        expect(
          toldOfSecret(
            text,
            toldByLoading(`version: 0.1\n${place[0] === 'storage' ? '' : 'storage: inmemory\n'}${file}`),
          ),
        ).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  it('is not shown by a refusal or a warning about a text that may not be YAML', () => {
    const lines = fc.constantFrom(
      'S',
      'http: S',
      'http:\n  secret: S',
      'http: {secret: S',
      '- S',
      '? S',
      '%S',
      '---\nS',
      '"S',
      '|S',
    )
    fc.assert(
      fc.property(secrets, lines, (text, line) => {
        expect(toldOfSecret(text, toldByLoading(`${memory}${line.replace('S', () => text)}`))).toBeUndefined()
        expect(toldOfSecret(text, toldByLoading(line.replace('S', () => text)))).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  it('is not shown by a refusal or a warning about a variable', () => {
    const values = fc.constantFrom(
      'S',
      '[S]',
      '{S: S}',
      '{a: S}',
      '*S',
      '"S',
      '|S',
      '!S x',
      '&S',
      '%S',
      'x #S',
      'https://S',
      '@S',
    )
    const names = fc.oneof(
      fc.constantFrom(...places.map((place) => place.join('_').toUpperCase())),
      fc.constant('CONFIGURATION_PATH'),
    )
    fc.assert(
      fc.property(secrets, names, values, (text, name, value) => {
        expect(
          toldOfSecret(text, toldByLoading(memory, { [`REGISTRY_${name}`]: value.replaceAll('S', () => text) })),
        ).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  /** The paths of all keys; items of lists are at index 0. */
  function placesOf(node: Node, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
    const own = path.length === 0 ? [] : [path]
    if (node.kind === 'optional') return placesOf(node.section, path)
    if (node.kind === 'section')
      return [...own, ...keysOf(node).flatMap(([key, , child]) => placesOf(child, [...path, key]))]
    if (node.kind === 'list') return [...own, ...placesOf(node.item, [...path, 0])]
    return node.kind === 'dictionary' ? [...own, ...placesOf(node.value, [...path, 'name'])] : own
  }

  function around(key: string | number, inner: unknown): unknown {
    return typeof key === 'number' ? [inner] : { [key]: inner }
  }

  /** All that a process says when it loads this. */
  function toldByLoading(text: string, environment: Environment = {}): string {
    const path = environment['REGISTRY_CONFIGURATION_PATH'] === undefined ? 'config.yml' : undefined
    const readFile = (file: string): string => {
      if (file === 'config.yml') return text
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${file}'`), { code: 'ENOENT' })
    }
    try {
      return JSON.stringify(loadConfig({ path, environment, readFile, uses: ['rpc', 'services'] }).warnings)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return `${error.stack} ${JSON.stringify(error)}`
    }
  }

  /** The line of the secret that is told, if one is. */
  function toldOfSecret(text: string, told: string): string | undefined {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
    return lines.find((line) => told.includes(line) || told.includes(JSON.stringify(line).slice(1, -1)))
  }
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
