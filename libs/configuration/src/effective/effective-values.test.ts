import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { checkConfig, loadConfig } from '../load-config.ts'
import type { Environment } from '../sources/environment.ts'
import { differencesOf } from './differences.ts'
import { defaultValues, effectiveTree, type EffectiveValue } from './effective-values.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'

function check(file: string, environment: Environment = {}) {
  return checkConfig({ path: 'config.yml', environment, readFile: () => file })
}

function valueAt(values: readonly EffectiveValue[], path: string): EffectiveValue | undefined {
  return values.find((value) => value.path === path)
}

const changes = (before: readonly EffectiveValue[], after: readonly EffectiveValue[]) =>
  differencesOf(before, after).map((each) => [each.path, each.before?.value, each.after?.value])

describe('an effective value', () => {
  it('has the line of the file, the environment variable, or the default as its source', () => {
    const { values } = check(`${minimal}http:\n  addr: :80\n`, { REGISTRY_HTTP_KEEPALIVE: '60s' })
    expect(valueAt(values, 'http.addr')).toMatchObject({ value: ':80', source: { kind: 'file', line: 4 } })
    const source = { kind: 'environment', variable: 'REGISTRY_HTTP_KEEPALIVE' }
    expect(valueAt(values, 'http.keepalive')).toMatchObject({ value: '1m', source })
    expect(valueAt(values, 'http.draintimeout')).toMatchObject({ value: '30s', source: { kind: 'default' } })
  })

  it('has the default as its source if the built-in configuration sets it', () => {
    const { values } = checkConfig({ environment: {}, readFile: () => '' })
    const expected = { value: './data', source: { kind: 'default' } }
    expect(valueAt(values, 'storage.filesystem.rootdirectory')).toMatchObject(expected)
  })

  it('has a note if its default depends on other keys', () => {
    expect(valueAt(check(minimal).values, 'http.relativeurls')).toMatchObject({
      value: undefined,
      note: 'true unless host is set',
    })
    expect(valueAt(check(`${minimal}http: {relativeurls: yes}`).values, 'http.relativeurls')).toMatchObject({
      value: true,
      note: undefined,
    })
  })

  it('is there for items of lists, entries of mappings, and keys without effect that are written', () => {
    const { values } = check(`${minimal}http:
  trustedproxies: [10.0.0.0/8]
  headers: {X-Frame: [DENY]}
log: {reportcaller: true}
`)
    expect(valueAt(values, 'http.trustedproxies[0]')?.value).toBe('10.0.0.0/8')
    expect(valueAt(values, 'http.headers.X-Frame[0]')?.value).toBe('DENY')
    expect(valueAt(values, 'log.reportcaller')?.value).toBe(true)
    expect(valueAt(check(minimal).values, 'log.reportcaller')).toBeUndefined()
  })

  it('is masked if it is a secret, wherever secrets are written', () => {
    const hidden = 'keep-this-to-yourself'
    const { values } = check(`version: 0.1
storage: {s3: {region: r, bucket: b, accesskey: ${hidden}, secretkey: ${hidden}, sessiontoken: ${hidden}}}
http: {secret: ${hidden}}
uploads: {keys: [{id: a, use: sign, secret: ${hidden}}]}
redis: {addrs: [h:1], password: ${hidden}, sentinelpassword: ${hidden}, cache: {password: ${hidden}}}
health: {http: [{uri: "http://u:${hidden}@h/", headers: {Authorization: [${hidden}]}}]}
notifications: {endpoints: [{name: n, url: "http://h/${hidden}", headers: {Authorization: [${hidden}]}}]}
proxy: {password: ${hidden}}
log: {hooks: [{options: {smtp: {password: ${hidden}}}}]}
reporting: {bugsnag: {apikey: ${hidden}}}
middleware: {storage: [{name: cloudfront, options: {privatekey: ${hidden}}}]}
`)
    const tree = effectiveTree(values)
    expect(JSON.stringify(tree)).not.toContain(hidden)
    expect(stringify(tree)).not.toContain(hidden)
    expect(JSON.stringify(values)).not.toContain(hidden)
    expect(valueAt(values, 'storage.s3.secretkey')?.value?.toString()).toBe('[secret]')
    expect(valueAt(values, 'health.http[0].uri')?.value).toBe('http://u:***@h/')
  })
})

describe('the effective configuration as a tree', () => {
  it('means the same as the file that it was made of', () => {
    const file = `${minimal}http:
  addr: 127.0.0.1:80
  headers: {X-Frame: [DENY, SAMEORIGIN], "X-2": ["1"]}
  trustedproxies: [10.0.0.0/8, "::1"]
  tls: {minimumtls: tls1.3}
health: {tcp: [{addr: h:1, interval: 90s}]}
validation: {manifests: {urls: {deny: ["^http:"]}, indexes: {platforms: list, platformlist: [{os: linux}]}}}
log: {fields: {environment: {name: test, zone: 3}}}
`
    const { config } = loadConfig({ path: 'c.yml', environment: {}, readFile: () => file })
    const printed = stringify(effectiveTree(check(file).values))
    expect(loadConfig({ path: 'c.yml', environment: {}, readFile: () => printed }).config).toEqual(config)
  })
})

describe('checking a configuration', () => {
  it('returns all problems, warnings and the values that could be read', () => {
    const checked = check(`${minimal}http: {addr: nowhere, host: nothing, keepalive: 1ms}\nlog: {reportcaller: true}`)
    expect(checked.config).toBeUndefined()
    expect(checked.problems.map(({ path, origin }) => [path, origin])).toEqual([['http.host', 'line 3']])
    expect(checked.warnings).toEqual(['log.reportcaller: is not supported yet and has no effect (line 4)'])
    expect(valueAt(checked.values, 'http.keepalive')?.value).toBe('1ms')
  })

  it('returns a problem if the file cannot be read, or is no YAML', () => {
    const unreadable = checkConfig({
      path: 'config.yml',
      environment: {},
      readFile: () => {
        throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      },
    })
    expect(unreadable).toMatchObject({ config: undefined, values: [], problems: [{ path: '' }] })
    expect(check('a: [').problems).toHaveLength(1)
  })

  it('returns the same configuration as loading it', () => {
    const { config } = loadConfig({ path: 'config.yml', environment: {}, readFile: () => minimal })
    expect(check(minimal)).toMatchObject({ config, file: 'config.yml', problems: [], warnings: [] })
  })
})

describe('the differences of two configurations', () => {
  it('are the keys whose values differ, however they are written', () => {
    const before = check(`${minimal}http: {addr: ":1", keepalive: 60s}\ncatalog: {maxentries: 5}`).values
    const after = check(`${minimal}http: {addr: ":2", keepalive: 1m}`).values
    expect(changes(before, after)).toEqual([
      ['http.addr', ':1', ':2'],
      ['catalog.maxentries', 5, 1000],
    ])
  })

  it('against the defaults are the keys that change something', () => {
    const { values } = check(`${minimal}http: {addr: ":5000", keepalive: 1h}`)
    expect(changes(defaultValues(), values)).toEqual([
      ['version', undefined, '0.1'],
      ['storage.inmemory', undefined, {}],
      ['http.keepalive', '75s', '1h'],
    ])
  })

  it('contain a secret that differs, masked', () => {
    const of = (secret: string) => check(`${minimal}http: {secret: ${secret}}`).values
    expect(JSON.stringify(changes(of('first-secret'), of('other-secret')))).toBe(
      '[["http.secret","[secret]","[secret]"]]',
    )
    expect(changes(of('same-secret'), of('same-secret'))).toEqual([])
  })
})
