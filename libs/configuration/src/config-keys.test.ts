import { describe, expect, it } from 'vitest'
import { signingAlgorithms } from './values/signing-algorithms.ts'
import type { Environment } from './sources/environment.ts'
import { loadConfig } from './load-config.ts'
import { ConfigError } from './problems.ts'
import { makeCertificate } from './certificates/test-certificate.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'
const { cert, key } = makeCertificate()
const files: Readonly<Record<string, string>> = { c: cert, k: key, a: cert }

function load(file: string, environment: Environment = {}) {
  const readFile = (path: string): string => files[path] ?? file
  return loadConfig({ path: 'config.yml', environment, uses: ['notifications'], readFile })
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

describe('the sections of the split services', () => {
  const read = (yaml: string) =>
    loadConfig({
      path: 'config.yml',
      environment: {},
      readFile: (path) => files[path] ?? minimal + yaml,
      uses: ['rpc', 'services'],
    })

  it('are read where they are used', () => {
    const { config, warnings } = read(`rpc: {listen: 127.0.0.1:1, maxconnectionage: 1m}
services: {blobs: {addresses: ["dns:///blobs:1", "b:2"], http: ["b:3"]}, manifest: {addresses: ["m:4"]}}`)
    expect(warnings).toEqual([])
    expect(config.rpc).toEqual({
      listen: { net: 'tcp', host: '127.0.0.1', port: 1 },
      tls: undefined,
      insecure: false,
      maxConnectionAgeMs: 60_000,
    })
    expect(config.services).toEqual({
      blobs: { addresses: ['dns:///blobs:1', 'b:2'], http: ['b:3'] },
      manifest: { addresses: ['m:4'] },
    })
  })

  it('have one certificate for both ends', () => {
    const { tls } = read('rpc: {tls: {certificate: c, key: k, clientcas: [a]}}').config.rpc
    expect(tls).toEqual({
      files: { certificateFile: 'c', keyFile: 'k', caFiles: ['a'] },
      cert,
      key: expect.anything(),
      cas: [cert],
    })
    expect(tls?.key.reveal()).toBe(key)
  })

  it.each(['{clientcas: [a]}', '{certificate: c}', '{key: k}'])(
    'are not in the clear where TLS is half given: %s',
    (tls) => {
      expect(() => read(`rpc: {tls: ${tls}}`)).toThrow('rpc.tls: needs rpc.tls.certificate and rpc.tls.key')
    },
  )

  it('need no files where they are not used', () => {
    expect(load(`${minimal}rpc: {tls: {certificate: nowhere, key: nowhere}}`).config.rpc.tls).toBeUndefined()
  })
})

describe('what one key says', () => {
  const accepted: readonly [yaml: string, expected: object][] = [
    ['log: {level: WARN}', { log: { level: 'warn' } }],
    ['loglevel: debug', { log: { level: 'debug' } }],
    ['{log: {level: error}, loglevel: debug}', { log: { level: 'error' } }],
    ['log: {formatter: logstash, fields: {a: {b: 1}}}', { log: { formatter: 'logstash', fields: { a: { b: 1 } } } }],
    ['log: {accesslog: {disabled: yes}}', { log: { accessLog: false } }],
    ['http: {secret: 0123456789abcdef}', {}],
    ['http: {addr: 127.0.0.1:0}', { http: { listen: { net: 'tcp', host: '127.0.0.1', port: 0 } } }],
    ['http: {net: unix, addr: /run/x.sock}', { http: { listen: { net: 'unix', path: '/run/x.sock' } } }],
    ['http: {draintimeout: 1m30s}', { http: { drainTimeoutMs: 90_000 } }],
    ['http: {draintimeout: 60000000000}', { http: { drainTimeoutMs: 60_000 } }],
    ['http: {host: "https://r.example"}', { http: { host: 'https://r.example', relativeUrls: false } }],
    ['http: {host: "https://r.example", relativeurls: true}', { http: { relativeUrls: true } }],
    ['http: {prefix: /a/b/}', { http: { prefix: '/a/b/' } }],
    ['http: {prefix: ""}', { http: { prefix: '/' } }],
    [
      'http: {trustedproxies: [10.0.0.0/8, "::1"]}',
      {
        http: {
          trustedProxies: [
            { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
            { address: '::1', prefix: 128, family: 'ipv6' },
          ],
        },
      },
    ],
    [
      'http: {headers: {X-Content-Type-Options: [nosniff]}}',
      { http: { headers: { 'X-Content-Type-Options': ['nosniff'] } } },
    ],
    ['http: {debug: {addr: off}}', { debug: { listen: undefined } }],
    [
      'http: {debug: {addr: ":5003", prometheus: {enabled: false, path: /m}}}',
      { debug: { listen: { port: 5003 }, metrics: { enabled: false, path: '/m' } } },
    ],
    ['http: {http2: {disabled: true}}', {}],
    [
      'http: {tls: {certificate: c, key: k}}',
      {
        http: {
          tls: { cert, clientCas: [], clientAuth: 'none', minVersion: 'TLSv1.2' },
        },
      },
    ],
    [
      'http: {tls: {certificate: c, key: k, clientcas: [a], minimumtls: tls1.3}}',
      { http: { tls: { clientAuth: 'require-and-verify-client-cert', minVersion: 'TLSv1.3' } } },
    ],
    [
      'http: {tls: {certificate: c, key: k, clientcas: [a], clientauth: request-client-cert}}',
      { http: { tls: { clientAuth: 'request-client-cert' } } },
    ],
    ['uploads: {chunkminlength: 5242880}', { uploads: { chunkMinLength: 5_242_880 } }],
    ['validation: {disabled: true}', { manifests: { references: 'none' } }],
    ['validation: {enabled: false}', { manifests: { references: 'all' } }],
    ['validation: {enabled: true, disabled: true}', { manifests: { references: 'all' } }],
    ['validation: {manifests: {references: none}}', { manifests: { references: 'none' } }],
    ['validation: {manifests: {urls: {deny: ["^http:"]}}}', { manifests: { urls: { allow: [], deny: [/^http:/] } } }],
    [
      'validation: {manifests: {indexes: {platforms: List, platformlist: [{architecture: amd64, os: linux}]}}}',
      { manifests: { indexes: [{ architecture: 'amd64', os: 'linux' }] } },
    ],
    ['validation: {manifests: {indexes: {platforms: list}}}', { manifests: { indexes: 'all' } }],
    ['validation: {manifests: {indexes: {platforms: none}}}', { manifests: { indexes: 'none' } }],
    ['policy: {repository: {classes: [image]}}', { manifests: { classes: ['image'] } }],
    ['catalog: {maxentries: -1}', { catalog: { maxEntries: 1000 } }],
    ['{catalog: {maxentries: 5}, tags: {maxtags: 6}}', { catalog: { maxEntries: 5 }, tags: { maxTags: 6 } }],
    [
      'health: {storagedriver: {enabled: true, interval: 5s, threshold: 3}}',
      { health: { storageDriver: { enabled: true, intervalMs: 5000, threshold: 3 } } },
    ],
    ['health: {file: [{file: /down}]}', { health: { files: [{ file: '/down', intervalMs: 10_000, threshold: 1 }] } }],
    [
      'health: {http: [{uri: "http://x/", interval: 2s}]}',
      { health: { http: [{ uri: 'http://x/', statusCode: 200, timeoutMs: 2000 }] } },
    ],
    ['health: {tcp: [{addr: "x:1", timeout: 1s}]}', { health: { tcp: [{ host: 'x', port: 1, timeoutMs: 1000 }] } }],
    ['redis: {addr: "x:6379", db: 2}', { redis: { cache: { addresses: [{ host: 'x', port: 6379 }], db: 2 } } }],
    [
      'redis: {cache: {addrs: ["x:1", "[::1]:2"]}}',
      {
        redis: {
          cache: { addresses: [{ host: 'x' }, { host: '::1' }], db: 0, dialTimeoutMs: 1000, readTimeoutMs: 200 },
        },
      },
    ],
    [
      'redis: {addr: "y:3", dialtimeout: 2s, readtimeout: 10ms}',
      { redis: { cache: { addresses: [{ host: 'y', port: 3 }], dialTimeoutMs: 2000, readTimeoutMs: 10 } } },
    ],
    [
      'redis: {addrs: ["x:1"], mastername: m, username: u, sentinelusername: s}',
      { redis: { cache: { masterName: 'm', username: 'u', sentinelUsername: 's' }, queue: undefined } },
    ],
    ['redis: {addrs: ["x:1"], tls: {enabled: true}}', { redis: { cache: { tls: { cas: [] } } } }],
    [
      'redis: {addrs: ["x:1"], tls: {certificate: c, key: k, rootcas: [a], clientcas: [c]}}',
      { redis: { cache: { tls: { cert, cas: [cert, cert] } } } },
    ],
    ['auth: none', { auth: undefined }],
    ['auth:', { auth: undefined }],
    [
      'auth: {htpasswd: {realm: r, path: /p}}',
      { auth: { kind: 'htpasswd', realm: 'r', path: '/p', failedLoginsPerMinute: 10 } },
    ],
    [
      'auth: {htpasswd: {realm: "Registro de imágenes", path: /p}}',
      { auth: { kind: 'htpasswd', realm: 'Registro de imágenes', path: '/p', failedLoginsPerMinute: 10 } },
    ],
    [
      '{auth: {htpasswd: {realm: r, path: /p}}, limits: {failedlogins: 0}}',
      { auth: { kind: 'htpasswd', failedLoginsPerMinute: 0 } },
    ],
    ['limits: {headersize: 16384, urllength: 4096}', { http: { headMaxSize: 16_384, urlMaxLength: 4096 } }],
    [
      'limits: {connections: 500, connectionsperaddress: 100}',
      { http: { maxConnections: 500, maxConnectionsOfAddress: 100 } },
    ],
    [
      'auth: {token: {realm: r, service: s, issuer: i, rootcertbundle: /b}}',
      {
        auth: {
          kind: 'token',
          realm: 'r',
          service: 's',
          issuer: 'i',
          rootCertBundle: '/b',
          leewayMs: 60_000,
          jwks: undefined,
          jwksUrl: undefined,
          redirectPath: undefined,
          algorithms: signingAlgorithms,
          failedLoginsPerMinute: 10,
        },
      },
    ],
    [
      'auth: {token: {realm: r, service: s, issuer: i, jwks: /j, autoredirect: true, signingalgorithms: [ES256]}}',
      { auth: { jwks: '/j', redirectPath: '/auth/token', algorithms: ['ES256'] } },
    ],
    [
      'auth: {berth: {service: s, policy: /p}}',
      {
        auth: {
          kind: 'berth',
          service: 's',
          issuer: 's',
          policy: '/p',
          realm: '/token',
          redirectPath: '/token',
          scheme: 'http',
          htpasswd: undefined,
          issuers: [],
          keys: undefined,
          keyRotationMs: undefined,
          tokenLifetimeMs: 300_000,
          refreshLifetimeMs: 2_592_000_000,
          tokensPerSecond: 100,
        },
      },
    ],
    [
      'auth: {berth: {service: s, policy: /p, issuers: [{name: k, issuer: "https://k", audience: a, claims: {namespace: /k/n}}]}}',
      { auth: { issuers: [{ name: 'k', issuer: 'https://k', audience: 'a', claims: { namespace: '/k/n' } }] } },
    ],
    ['auth: {berth: {service: s, policy: /p, realm: "https://r/token"}}', { auth: { redirectPath: undefined } }],
    [
      'auth: {token: {realm: r, service: s, issuer: i, jwksurl: "https://t/jwks", autoredirect: true, autoredirectpath: /t, leeway: 5s}}',
      { auth: { jwksUrl: 'https://t/jwks', redirectPath: '/t', leewayMs: 5000 } },
    ],
    ['{proxy: {remoteurl: ""}, middleware: {storage: []}}', {}],
    ['middleware: {storage: [{name: cloudfront, disabled: true}]}', {}],
    ['compatibility: {schema1: {enabled: false}}', { schema1: { acceptsPushes: false } }],
    ['compatibility: {schema1: {enabled: true}}', { schema1: { acceptsPushes: true } }],
    [
      'compatibility: {schema1: {signingkeyfile: k}}',
      { schema1: { key: { algorithm: expect.anything() as unknown } } },
    ],
    ['notifications: {endpoints: [{name: x, disabled: true}]}', { notifications: { endpoints: [] } }],
    [
      'notifications: {events: {includereferences: true}, endpoints: [{name: x, url: "http://h", headers: {A: [b]}, ' +
        'ignoredmediatypes: [m], ignore: {mediatypes: [n], actions: [pull]}, timeout: 0, threshold: 0, backoff: -1s}]}',
      {
        notifications: {
          includeReferences: true,
          endpoints: [
            {
              name: 'x',
              timeoutMs: 1000,
              threshold: 10,
              backoffMs: 1000,
              batch: 1,
              maxAgeMs: 604_800_000,
              allowPrivate: false,
              ignoredMediaTypes: ['m', 'n'],
              ignoredActions: ['pull'],
            },
          ],
        },
      },
    ],
  ]

  it.each(accepted)('is read: %s', (yaml, expected) => {
    const { config, warnings } = load('version: 0.1', { ...variablesOf(yaml), REGISTRY_STORAGE: 'inmemory' })
    expect(config).toMatchObject(expected)
    expect(warnings).toEqual([])
  })

  const storages: readonly [yaml: string, expected: object][] = [
    ['{filesystem: {rootdirectory: /x}}', { driver: { rootDirectory: '/x' } }],
    [
      '{inmemory: , cache: {blobdescriptor: inmemory, blobdescriptorsize: 5}}',
      { cache: { blobDescriptor: 'inmemory', blobDescriptorSize: 5 } },
    ],
    ['{inmemory: , cache: {blobdescriptor: redis}}', { cache: { blobDescriptor: 'redis' } }],
    ['{inmemory: , cache: {layerinfo: redis}}', { cache: { blobDescriptor: 'redis' } }],
    ['{inmemory: , cache: {layerinfo: inmemory}}', { cache: { blobDescriptor: 'inmemory' } }],
    ['{inmemory: , delete: {enabled: true}}', { delete: { enabled: true } }],
    ['{inmemory: , redirect: {disable: true}}', { redirect: { enabled: false } }],
    ['{inmemory: , maintenance: {readonly: {enabled: true}}}', { readOnly: true }],
    ['{inmemory: , maintenance: {uploadpurging: {enabled: false}}}', { uploadPurging: { enabled: false } }],
    [
      '{inmemory: , maintenance: {uploadpurging: {age: 1000h, interval: 1h, dryrun: true}}}',
      { uploadPurging: { ageMs: 3_600_000_000, dryRun: true } },
    ],
  ]

  it.each(storages)('is read of storage: %s', (yaml, expected) => {
    const { config, warnings } = load(`version: 0.1\nredis: {addrs: ["x:1"]}\nstorage: ${yaml}`)
    expect(config.storage).toMatchObject(expected)
    expect(warnings).toEqual([])
  })

  const refused: readonly [yaml: string, problem: string][] = [
    ['log: {level: loud}', 'log.level: invalid loglevel'],
    ['notifications: {endpoints: [{url: "http://h"}]}', 'notifications.endpoints[0].name: is required'],
    ['notifications: {endpoints: [{name: x}]}', 'notifications.endpoints[0].url: is required'],
    [
      'notifications: {endpoints: [{name: x, url: "ftp://h"}]}',
      'notifications.endpoints[0].url: is not an http or https URL',
    ],
    [
      'notifications: {endpoints: [{name: x, url: "http://h"}, {name: x, url: "http://i"}]}',
      'notifications.endpoints[1].name: is the name of another endpoint, too',
    ],
    [
      'notifications: {endpoints: [{name: x, url: "http://h", headers: {"a b": [c]}}]}',
      'notifications.endpoints[0].headers.<key 1>: cannot be the name of a header',
    ],
    ['log: {formatter: xml}', 'log.formatter: unsupported logging formatter'],
    ['log: {hooks: somestring}', 'log.hooks: must be a list, not a single value'],
    ['log: {fields: 3}', 'log.fields: must be a mapping, not a single value'],
    ['http: {addr: "5000"}', 'http.addr: is not a host:port, as :5000 is'],
    ['http: {addr: ":99999"}', 'http.addr: is not a host:port, as :5000 is'],
    ['http: {net: udp}', 'http.net: unknown address type'],
    ['http: {host: "ftp://x"}', 'http.host: is not an http or https URL'],
    ['http: {prefix: /a}', 'http.prefix: does not begin and end with /'],
    ['http: {relativeurls: maybe}', 'http.relativeurls: is neither true nor false'],
    ['http: {keepalive: 0}', 'http.keepalive: is shorter than 1ms'],
    ['http: {draintimeout: -1s}', 'http.draintimeout: is shorter than 0ms'],
    ['http: {stalltimeout: 1000h}', 'http.stalltimeout: is longer than 596h'],
    ['http: {trustedproxies: [10.0.0.0/33]}', 'http.trustedproxies[0]: is not a range of addresses, as 10.0.0.0/8 is'],
    ['http: {headers: {X-A: b}}', 'http.headers.<key 1>: must be a list, not a single value'],
    ['http: {headers: {"X A": [b]}}', 'http.headers.<key 1>: cannot be the name of a header'],
    ['http: {headers: {X-A: ["b\\nc"]}}', 'http.headers.<key 1>[0]: cannot be the value of a header'],
    ['http: {headers: {X-A: [""]}}', 'http.headers.<key 1>[0]: is empty'],
    ['http: {headers: {X-A: [null]}}', 'http.headers.<key 1>[0]: is empty'],
    ['http: {tls: {key: k}}', 'http.tls.certificate: is required: TLS needs a certificate and its key'],
    ['http: {tls: {clientcas: [a]}}', 'http.tls.clientcas: needs http.tls.certificate and http.tls.key'],
    [
      'http: {tls: {certificate: c, key: k, minimumtls: ssl3}}',
      'http.tls.minimumtls: unknown minimum TLS level: tls1.2 or tls1.3',
    ],
    [
      'http: {tls: {certificate: c, key: k, ciphersuites: [X]}}',
      'http.tls.ciphersuites[0]: is not a cipher suite that is offered',
    ],
    ['http: {tls: {clientauth: require-any-client-cert}}', 'http.tls.clientauth: needs http.tls.clientcas'],
    [
      'http: {tls: {certificate: c, key: k, clientauth: request-client-cert}}',
      'http.tls.clientauth: needs http.tls.clientcas',
    ],
    ['http: {tls: {clientauth: x}}', 'http.tls.clientauth: is not a way to authenticate clients'],
    ['uploads: {keys: [{id: a, secret: s, use: verify}]}', 'uploads.keys: exactly one key must be of use sign, not 0'],
    ['uploads: {keys: [{id: a, use: sign}]}', 'uploads.keys[0]: needs either a secret or a secretfile'],
    ['uploads: {keys: [{id: a, secret: "", use: sign}]}', 'uploads.keys[0]: needs either a secret or a secretfile'],
    ['uploads: {keys: [{secret: s, use: sign}]}', 'uploads.keys[0].id: is required'],
    [
      'uploads: {keys: [{id: a, secret: s, use: sign}, {id: a, secret: t, use: verify}]}',
      'uploads.keys[1].id: is the id of another key, too',
    ],
    [
      'validation: {manifests: {urls: {allow: ["("]}}}',
      'validation.manifests.urls.allow[0]: is not a regular expression: missing closing )',
    ],
    [
      'validation: {manifests: {indexes: {platforms: some}}}',
      'validation.manifests.indexes.platforms: is not one of all, none, list',
    ],
    ['tags: {maxtags: -1}', 'tags.maxtags: is not 0 or more'],
    ['catalog: {maxentries: many}', 'catalog.maxentries: is not an integer'],
    ['health: {tcp: [{addr: ":1"}]}', 'health.tcp[0].addr: names no host'],
    ['auth: {silly: {}, none: {}}', 'auth: must provide exactly one type. Provided: [silly, none]'],
    ['proxy: {remoteurl: "https://r.example"}', 'proxy: a pull-through cache is not supported yet'],
    ['middleware: {storage: [{name: cloudfront}]}', 'middleware: middleware is not supported yet'],
    [
      'compatibility: {schema1: {signingkeyfile: c}}',
      'compatibility.schema1.signingkeyfile: the key is no private key in PEM without a password',
    ],
    [
      'http: {tls: {letsencrypt: {email: me}}}',
      'http.tls.letsencrypt: certificates from Let’s Encrypt are not supported yet: give a certificate and key',
    ],
    ['auth: htpasswd', 'auth.htpasswd.realm: is required'],
    ['auth: {htpasswd: {realm: "", path: /p}}', 'auth.htpasswd.realm: is required'],
    [
      'auth: {htpasswd: {realm: "a\\nb", path: /p}}',
      'auth.htpasswd.realm: has control characters, which no header can have',
    ],
    ['{auth: {token: }}', 'auth.token.realm: is required'],
    [
      'auth: {token: {realm: r, service: s, issuer: i}}',
      'auth.token: needs at least one key: rootcertbundle, jwks or jwksurl',
    ],
    [
      'auth: {token: {realm: r, service: s, issuer: i, jwks: /j, signingalgorithms: [none]}}',
      'auth.token.signingalgorithms[0]: is not one of EdDSA, HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512',
    ],
    [
      'auth: {silly: {}}',
      'auth.silly: silly accepts any credentials: it is for tests of Distribution, and is not supported',
    ],
    ['validation: {manifest: {}}', 'validation.manifest: unknown key; did you mean validation.manifests?'],
    ['auth: {berth: {service: s}}', 'auth.berth.policy: is required'],
    [
      'auth: {berth: {service: s, policy: /p, issuers: [{name: k, issuer: "https://k", audience: a}, {name: k, issuer: "https://l", audience: a}]}}',
      'auth.berth.issuers[1].name: is the name of another issuer, too',
    ],
    [
      'auth: {berth: {service: s, policy: /p, issuers: [{name: k, issuer: "https://k", audience: a}, {name: l, issuer: "https://k", audience: b}]}}',
      'auth.berth.issuers[1].issuer: is the URL of another issuer, too',
    ],
    [
      'auth: {berth: {service: s, policy: /p, issuers: [{name: "a b", issuer: "https://k", audience: a}]}}',
      'auth.berth.issuers[0].name: is not a name: only letters, digits, dots, dashes and underscores',
    ],
    ['auth: {htpaswd: {}}', 'auth.htpaswd: unknown key; did you mean auth.htpasswd?'],
    ['http: {xyzzy: {}}', 'http: unknown key (not shown: it may be a secret)'],
    ['redis: {addrs: [":1"]}', 'redis.addrs[0]: names no host'],
    ['redis: {addr: "x:1", addrs: ["x:1"]}', 'redis.addr: redis.addrs is given, too: give one of the two'],
    [
      'redis: {addr: "x:1", cache: {addrs: ["x:1"]}}',
      'redis.cache.addrs: redis.addrs is the cache, too: give one of the two',
    ],
    [
      'limits: {headersize: 10000, urllength: 10001}',
      'limits.urllength: is more than limits.headersize: a URL is part of the head',
    ],
    ['limits: {headersize: 100}', 'limits.headersize: is not between 8192 and 1048576'],
    ['redis: {addr: "x:1", tls: {certificate: c}}', 'redis.tls.key: is required: a client certificate has a key'],
    ['services: {blobs: {http: [a]}}', 'services.blobs.http[0]: is not a host:port, as :5000 is'],
    [
      'services: {manifest: {addresses: ["dns:a:1"]}}',
      'services.manifest.addresses[0]: is neither host:port nor dns:///name:port',
    ],
  ]

  it.each(refused)('is refused: %s', (yaml, problem) => {
    expect(problemsOf('version: 0.1', { ...variablesOf(yaml), REGISTRY_STORAGE: 'inmemory' })).toContain(problem)
  })

  const refusedOfAll: readonly [file: string, problem: string][] = [
    ['storage: inmemory', 'version: is required'],
    [
      'version: 0.1\nstorage: {inmemory: , cache: {layerinfo: redis}}',
      'storage.cache.layerinfo: redis needs redis.cache.addrs (or redis.addrs)',
    ],
    ['version: 0.1\nstorage: {gcs: }', 'storage.gcs: the storage driver gcs is not supported yet'],
    ['version: 0.1\nstorage: {s3: {bucket: b}}', 'storage.s3.region: is required'],
    [
      'version: 0.1\nstorage: {s3aws: {region: r, bucket: b, accesskey: k}}',
      'storage.s3aws.secretkey: is required: a key has a secret',
    ],
    [
      'version: 0.1\nstorage: {s3: {region: r, bucket: b, chunksize: 1}}',
      'storage.s3.chunksize: is not between 5242880 and 5368709120',
    ],
    [
      'version: 0.1\nstorage: {s3: {region: r, bucket: b, v4auth: false}}',
      'storage.s3.v4auth: signatures of version 2 are not supported',
    ],
    [
      'version: 0.1\nstorage: {azure: {max_retries: 3}}',
      'storage.azure: the storage driver azure is not supported yet',
    ],
    [
      'version: 0.1\nstorage: {inmemory: , filesystem: }',
      'storage: must provide exactly one storage type. Provided: [inmemory, filesystem]',
    ],
    ['version: 0.1\nstorage: {inmemory: , delete: {enabled: 3}}', 'storage.delete.enabled: is neither true nor false'],
    [
      'version: 0.1\nstorage: {inmemory: , maintenance: {readonly: true}}',
      'storage.maintenance.readonly: must be a mapping, not a single value',
    ],
    [
      'version: 0.1\nstorage: {inmemory: , tag: {concurrencylimit: -1}}',
      'storage.tag.concurrencylimit: is not 0 or more',
    ],
    ['version: 0.1\nstorage: {filesytem: {}}', 'storage.filesytem: unknown key; did you mean storage.filesystem?'],
    [`${minimal}tls: {key: x}`, 'tls: unknown key; did you mean http.tls?'],
    [`${minimal}rootdirectory: /x`, 'rootdirectory: unknown key; did you mean storage.filesystem.rootdirectory?'],
    [`${minimal}storage: inmemory`, 'not valid YAML: keys of a mapping must be unique'],
    ['- a', 'must be a mapping, not a list'],
    ['', 'version: is required'],
  ]

  it.each(refusedOfAll)('is refused of a file: %s', (file, problem) => {
    expect(problemsOf(file)).toContain(problem)
  })

  it('is refused where the environment adds a second driver', () => {
    expect(problemsOf(minimal, { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/x' })).toEqual([
      'storage: multiple storage drivers specified in configuration or environment: inmemory, filesystem; to switch drivers, set REGISTRY_STORAGE',
    ])
  })

  it('is refused where the environment gives a driver a bare value', () => {
    expect(problemsOf('version: 0.1\nstorage: {filesystem: }', { REGISTRY_STORAGE_FILESYSTEM: 'x' })).toEqual([
      'storage.filesystem: must be a mapping, not a single value',
    ])
  })

  const warned: readonly [yaml: string, warning: string][] = [
    ['log: {hooks: [{type: mail}]}', 'log.hooks: is not supported yet and has no effect'],
    ['log: {reportcaller: true}', 'log.reportcaller: is not supported yet and has no effect'],
    ['reporting: {bugsnag: {apikey: x}}', 'reporting: is not supported yet and has no effect'],
    ['redis: {addrs: ["x:1"], poolsize: 10}', 'redis.poolsize: has no effect'],
    ['redis: {addr: "x:1", pool: {maxidle: 16}}', 'redis.pool: has no effect'],
    ['redis: {queue: {addrs: ["x:1"]}}', 'redis.queue: has no effect yet'],
    ['redis: {password: x}', 'redis: has no effect without redis.addrs'],
    ['redis: {queue: {mastername: x}}', 'redis.queue: has no effect without redis.queue.addrs'],
    ['queue: {sqlite: {path: x}}', 'queue: is not supported yet and has no effect'],
    ['rpc: {listen: ":1"}', 'rpc: belongs to the split services and has no effect here'],
    ['services: {blobs: {http: ["a:1"]}}', 'services: belongs to the split services and has no effect here'],
    ['gc: {x: 1}', 'gc: is not supported yet and has no effect'],
    ['http: {h2c: {enabled: true}}', 'http.h2c.enabled: is not supported: the server speaks only HTTP/1.1'],
    ['http: {secret: 0123}', 'http.secret: is short for a key: 4 of at least 16 bytes'],
    [
      'uploads: {keys: [{id: a, secret: x, use: sign}]}',
      'uploads.keys[0].secret: is short for a key: 1 of at least 16 bytes',
    ],
    ['http: {draintimeout: 30}', 'http.draintimeout: is a number without a unit, so it counts nanoseconds'],
    ['http: {tls: {minimumtls: tls1.0}}', 'http.tls.minimumtls: tls1.0 is no longer supported: the minimum is tls1.2'],
  ]

  it.each(warned)('is warned of: %s', (yaml, warning) => {
    const { warnings } = load('version: 0.1', { ...variablesOf(yaml), REGISTRY_STORAGE: 'inmemory' })
    expect(warnings).toEqual([expect.stringContaining(warning)])
  })

  it.each([
    ['{inmemory: , tag: {concurrencylimit: 4}}', 'storage.tag.concurrencylimit: has no effect'],
    ['{filesystem: {maxthreads: 30}}', 'storage.filesystem.maxthreads: has no effect'],
    [
      '{cache: {blobdescriptor: disk}, inmemory: }',
      'storage.cache.blobdescriptor: is not supported: descriptors are not cached',
    ],
    ['{cache: {blobdescriptorsize: 0}, inmemory: }', 'memory is bounded: the cache holds 1000000 descriptors'],
  ])('is warned of storage: %s', (yaml, warning) => {
    expect(load(`version: 0.1\nstorage: ${yaml}`).warnings).toEqual([expect.stringContaining(warning)])
  })
})

/** A mapping of sections as the variables that set them. */
function variablesOf(yaml: string): Environment {
  const text = yaml.startsWith('{') ? yaml.slice(1, -1) : yaml
  const parts = text.split(/, (?=(?:catalog|tags|log|loglevel|proxy|middleware|auth|limits): )/)
  return Object.fromEntries(
    parts.map((part) => {
      const end = part.indexOf(':')
      return [`REGISTRY_${part.slice(0, end).toUpperCase()}`, part.slice(end + 1).trim()]
    }),
  )
}
