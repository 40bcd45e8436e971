import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Environment } from './sources/environment.ts'
import { loadConfig } from './load-config.ts'
import type { Secret } from './values/secret.ts'
import { ConfigError } from './problems.ts'
import { makeCertificate } from './certificates/test-certificate.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'

function load(file: string, environment: Environment = {}) {
  return loadConfig({ path: 'config.yml', environment, readFile: () => file })
}

function problemsOf(file: string, environment: Environment = {}): readonly string[] {
  try {
    load(file, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  }
}

describe('loading the configuration', () => {
  it('needs no file: a directory beside, every address, port 5000', () => {
    const { config, warnings } = loadConfig({
      environment: {},
      readFile: () => {
        throw new Error('nothing should be read')
      },
    })
    expect(config.storage.driver).toEqual({ name: 'filesystem', rootDirectory: './data' })
    expect(config.storage.cache.blobDescriptor).toBe('inmemory')
    expect(config.http.listen).toEqual({ net: 'tcp', port: 5000 })
    expect(config.debug.listen).toEqual({ net: 'tcp', host: '127.0.0.1', port: 5001 })
    expect(warnings).toEqual([])
  })

  it('applies the environment to the embedded defaults', () => {
    const environment = { REGISTRY_STORAGE: 'inmemory', REGISTRY_HTTP_ADDR: '[::1]:80' }
    const { config } = loadConfig({ environment, readFile: () => '' })
    expect(config.storage.driver).toEqual({ name: 'inmemory' })
    expect(config.http.listen).toEqual({ net: 'tcp', host: '::1', port: 80 })
  })

  it('reads the file that the environment names, unless another is given', () => {
    const files: Readonly<Record<string, string>> = {
      a: `${minimal}http: {addr: ":1"}`,
      b: `${minimal}http: {addr: ":2"}`,
    }
    const portOf = (path?: string) =>
      loadConfig({ path, environment: { REGISTRY_CONFIGURATION_PATH: 'a' }, readFile: (file) => files[file] ?? '' })
        .config.http.listen
    expect(portOf()).toEqual({ net: 'tcp', port: 1 })
    expect(portOf('b')).toEqual({ net: 'tcp', port: 2 })
  })

  describe('without a path', () => {
    const absent = (path: string) => Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
    const environment = { BERTH_CONFIG_PATHS: '/etc/a.yml:/etc/b.yml' }
    const load = (files: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) =>
      loadConfig({
        environment: { ...environment, ...more },
        readFile: (path) => {
          const text = files[path]
          if (text === undefined) throw absent(path)
          return text
        },
      })

    it('reads the first default file that exists', () => {
      const { config, file } = load({ '/etc/b.yml': `${minimal}http: {addr: ":2"}` })
      expect({ port: config.http.listen, file }).toEqual({ port: { net: 'tcp', port: 2 }, file: '/etc/b.yml' })
    })

    it('prefers the file that REGISTRY_CONFIGURATION_PATH names', () => {
      const files = { '/etc/a.yml': minimal, '/c.yml': minimal }
      expect(load(files, { REGISTRY_CONFIGURATION_PATH: '/c.yml' }).file).toBe('/c.yml')
    })

    it('uses the embedded defaults where no default file exists', () => {
      expect(load({}).file).toBeUndefined()
    })

    it('refuses to start where a default file exists and cannot be read', () => {
      const readFile = (): string => {
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
      }
      expect(() => loadConfig({ environment, readFile })).toThrow(
        /a\.yml[^]*cannot be read: permission denied \(EACCES\)/,
      )
    })
  })

  it('says which file it cannot read', () => {
    const readFile = () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    }
    expect(() => loadConfig({ path: '/etc/x.yml', environment: {}, readFile })).toThrow(
      /x\.yml[^]*no such file or directory \(ENOENT\)/,
    )
  })

  it('has Distribution’s defaults, and Berth’s own', () => {
    const { config, warnings } = load('version: 0.1\nstorage: {filesystem: }\n')
    expect(warnings).toEqual([])
    expect(config).toMatchObject({
      log: { level: 'info', formatter: undefined, fields: {}, accessLog: true },
      storage: {
        driver: { name: 'filesystem', rootDirectory: '/var/lib/registry' },
        cache: { blobDescriptor: 'none', blobDescriptorSize: 10_000 },
        delete: { enabled: false },
        readOnly: false,
        uploadPurging: { enabled: true, ageMs: 604_800_000, intervalMs: 86_400_000, dryRun: false },
      },
      http: {
        prefix: '/',
        relativeUrls: true,
        drainTimeoutMs: 30_000,
        stallTimeoutMs: 60_000,
        keepAliveMs: 75_000,
        tls: undefined,
      },
      debug: { metrics: { enabled: true, path: '/metrics' } },
      manifests: { references: 'all', urls: { allow: [], deny: [] }, indexes: 'all', classes: [] },
      catalog: { maxEntries: 1000 },
      tags: { maxTags: 1000 },
      secrets: { uploadKeys: undefined },
    })
  })

  it('fails without a storage, and does not once the environment chooses one', () => {
    const file = 'version: 0.1\n'
    expect(problemsOf(file)).toEqual(['storage: no storage configuration provided'])
    const environment = {
      REGISTRY_STORAGE: 'filesystem',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/tmp/testroot',
      REGISTRY_AUTH: 'none',
    }
    expect(load(file, environment).config.storage.driver).toMatchObject({ rootDirectory: '/tmp/testroot' })
  })

  it('tells every problem at once, each with its key and where it was set', () => {
    const file = `version: 0.2
storage: {filesystem: {rootdirectory: [a]}}
http:
  draintimout: 3s
  tls: {certificate: 1}
auth: {htpasswd: {realm: x}}
`
    expect(() => load(file, { REGISTRY_LOGLEVEL: 'derp', REGISTRY_HTTP_KEEPALIVE: '1 hour' })).toThrow(
      `7 problems in the configuration (config.yml):
  version: unsupported version: 0.1 is the only one (line 1)
  loglevel: invalid loglevel (REGISTRY_LOGLEVEL)
  storage.filesystem.rootdirectory: must be a single value (text), not a list (line 2)
  auth.htpasswd.path: is required
  http.draintimout: unknown key; did you mean http.draintimeout? (line 4)
  http.keepalive: is not a duration, as 30s, 1h30m or 500ms are (REGISTRY_HTTP_KEEPALIVE)
  http.tls.key: is required: TLS needs a certificate and its key`,
    )
  })

  it('tells what is wrong with the files of TLS together with all else, and shows no private key', () => {
    const files: Readonly<Record<string, string>> = { ...makeCertificate(), empty: '' }
    const problems = `${minimal}http: {adr: x, tls: {certificate: nowhere, key: empty}}
rpc: {tls: {certificate: cert, key: cert}}
redis: {cache: {addrs: ["r:1"], tls: {certificate: nowhere, key: nothing, rootcas: [none]}}}`
    const readWith = (file: string) => (path: string) => {
      const text = path === 'config.yml' ? file : files[path]
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return text
    }
    const uses = ['rpc'] as const
    expect(() => loadConfig({ path: 'config.yml', environment: {}, uses, readFile: readWith(problems) })).toThrow(
      `7 problems in the configuration (config.yml):
  http.adr: unknown key; did you mean http.addr? (line 3)
  http.tls.certificate: cannot be read: no such file or directory (ENOENT)
  http.tls.key: the file is empty
  rpc.tls: the certificate, its key or the CAs cannot be used: `,
    )
    expect(() => loadConfig({ path: 'config.yml', environment: {}, uses, readFile: readWith(problems) })).toThrow(
      /redis\.cache\.tls\.certificate: cannot be read: no such file or directory \(ENOENT\)\n *redis\.cache\.tls\.key: cannot[^]*redis\.cache\.tls\.rootcas\[0\]: cannot/,
    )
    const pair = '{certificate: cert, key: key}'
    const good = readWith(
      `${minimal}http: {tls: ${pair}}\nrpc: {tls: ${pair}}\nredis: {cache: {addrs: ["r:1"], tls: ${pair}}}`,
    )
    const { config } = loadConfig({ path: 'config.yml', environment: {}, uses, readFile: good })
    for (const { tls } of [config.http, config.rpc, config.redis.cache ?? {}])
      expect((tls as { key: Secret }).key.reveal()).toBe(files['key'])
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain('PRIVATE KEY')
  })

  it('freezes all of it', () => {
    const { config } = load(`${minimal}http: {headers: {A: [b]}}\nvalidation: {manifests: {urls: {allow: [a+]}}}`)
    const isDeeplyFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
    expect(isDeeplyFrozen(config)).toBe(true)
  })

  it('shows no secret in any form, and gives it to whoever asks', () => {
    const { config } = load(
      `${minimal}http: {secret: hush}\nuploads: {keys: [{id: a, secret: hush, use: sign}]}\nredis: {addr: "x:1", password: hush, sentinelpassword: hush}`,
    )
    expect(
      JSON.stringify(config) +
        inspect(config, { depth: 9, showHidden: true }) +
        String(config.secrets.uploadKeys?.signing),
    ).not.toContain('hush')
    expect(config.secrets.uploadKeys?.signing.reveal()).toBe('hush')
  })

  it('makes a ring of http.secret where there are no keys, and of the keys alone where there are', () => {
    const ringOf = (yaml: string) => {
      const { uploadKeys } = load(`${minimal}http: {secret: s}\n${yaml}`).config.secrets
      return { signing: uploadKeys?.signing.reveal(), verifying: uploadKeys?.verifying.map((key) => key.reveal()) }
    }
    expect(ringOf('')).toEqual({ signing: 's', verifying: [] })
    expect(ringOf('uploads: {keys: [{id: a, secret: old, use: verify}, {id: b, secret: new, use: sign}]}')).toEqual({
      signing: 'new',
      verifying: ['old'],
    })
  })

  it('reads a secret from a file, without its last line end', () => {
    const file = `${minimal}uploads: {keys: [{id: a, secretfile: /run/key, use: sign}]}`
    const { config } = loadConfig({
      path: 'c',
      environment: {},
      readFile: (path) => (path === 'c' ? file : `key of ${path}\n`),
    })
    expect(config.secrets.uploadKeys?.signing.reveal()).toBe('key of /run/key')
  })

  it.each([
    ['is empty', () => '\n', 'uploads.keys[0]: the secret is empty'],
    [
      'cannot be read',
      () => {
        throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      },
      'uploads.keys[0].secretfile: cannot be read: no such file or directory (ENOENT)',
    ],
  ])('refuses a secret’s file that %s', (_, readKey, problem) => {
    const file = `${minimal}uploads: {keys: [{id: a, secretfile: /run/key, use: sign}]}`
    const readFile = (path: string) => (path === 'c' ? file : readKey())
    expect(() => loadConfig({ path: 'c', environment: {}, readFile })).toThrow(problem)
  })

  it('throws nothing but a ConfigError, whatever a file says', () => {
    const key = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(
        'version',
        'storage',
        'http',
        'log',
        'filesystem',
        'tls',
        'uploads',
        'keys',
        'health',
        '__proto__',
        '<<',
      ),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium' },
        fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    const sections = fc.record(
      { version: fc.constant('0.1'), storage: tree, http: tree, uploads: tree, log: tree },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(tree, sections).map((value) => stringify(value)),
        (file) => {
          expect(problemsOf(file)).toBeInstanceOf(Array)
        },
      ),
    )
    fc.assert(
      fc.property(fc.string(), (file) => {
        expect(problemsOf(file)).toBeInstanceOf(Array)
      }),
    )
  })

  it('throws nothing but a ConfigError, whatever the environment says', () => {
    const part = fc.constantFrom(
      'HTTP',
      'STORAGE',
      'FILESYSTEM',
      'LOG',
      'HOOKS',
      'FIELDS',
      '0',
      '1',
      'X',
      '',
      'REDIS',
      'OPTIONS',
      'HEADERS',
    )
    const name = fc.array(part, { maxLength: 4 }).map((parts) => ['REGISTRY', ...parts].join('_'))
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.oneof(fc.string(), fc.constantFrom('[]', '{}', 'true', 'a: b'))),
        (environment) => {
          expect(problemsOf(minimal, environment)).toBeInstanceOf(Array)
        },
      ),
    )
  })
})
