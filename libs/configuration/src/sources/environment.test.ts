import { describe, expect, it } from 'vitest'
import { overrideFromEnvironment, type Environment } from './environment.ts'
import { Findings } from '../problems.ts'
import { registry } from '../schema/registry.ts'
import { emptyMapping, toPlain } from './tree.ts'
import { parseYaml } from './yaml-source.ts'

function override(file: string, environment: Environment) {
  const findings = new Findings()
  const tree = file === '' ? emptyMapping('') : (parseYaml(file, findings) ?? emptyMapping(''))
  const plain = toPlain(overrideFromEnvironment(registry, tree, environment, findings))
  return { plain, problems: findings.problems.map(({ message }) => message), warnings: findings.warnings }
}

const driver = 'storage: {somedriver: {string1: string-value1, bool1: true, int1: 42}}'

const rows: readonly [fact: string, file: string, environment: Environment, expected: unknown][] = [
  ['sets a key by the names of its fields', '', { REGISTRY_HTTP_TLS_KEY: '/k' }, { http: { tls: { key: '/k' } } }],
  ['reads names in any case', '', { REGISTRY_http_Addr: ':1' }, { http: { addr: ':1' } }],
  [
    'replaces a parameter',
    driver,
    { REGISTRY_STORAGE_SOMEDRIVER_STRING1: 'us-west-1' },
    somedriver({ string1: 'us-west-1' }),
  ],
  ['reads a value as YAML', driver, { REGISTRY_STORAGE_SOMEDRIVER_BOOL1: 'false' }, somedriver({ bool1: false })],
  [
    'keeps a value that is no YAML list',
    driver,
    { REGISTRY_STORAGE_SOMEDRIVER_INT1: 'a b' },
    somedriver({ int1: 'a b' }),
  ],
  [
    'adds a parameter, its key in lower case',
    driver,
    { REGISTRY_STORAGE_SOMEDRIVER_NEWPARAM: 'some Value' },
    somedriver({ newparam: 'some Value' }),
  ],
  ['replaces a section by a bare word', driver, { REGISTRY_STORAGE: 'inmemory' }, { storage: { inmemory: {} } }],
  [
    'replaces a section before it sets keys in it',
    driver,
    { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/tmp/testroot', REGISTRY_STORAGE: 'filesystem' },
    { storage: { filesystem: { rootdirectory: '/tmp/testroot' } } },
  ],
  [
    'reaches into a section that the file has as a bare word',
    'auth: silly',
    { REGISTRY_AUTH_SILLY_REALM: 'silly' },
    { auth: { silly: { realm: 'silly' } } },
  ],
  [
    'makes the mappings that are missing',
    'storage: inmemory',
    { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true' },
    { storage: { inmemory: {}, maintenance: { readonly: { enabled: true } } } },
  ],
  [
    'makes a mapping where the file has null',
    'storage: {filesystem: }',
    { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/r' },
    { storage: { filesystem: { rootdirectory: '/r' } } },
  ],
  ['takes a mapping', '', { REGISTRY_LOG_FIELDS: 'abc: xyz' }, { log: { fields: { abc: 'xyz' } } }],
  ['takes a list', '', { REGISTRY_LOG_HOOKS: '- type: asdf' }, { log: { hooks: [{ type: 'asdf' }] } }],
  [
    'takes a list of words',
    '',
    { REGISTRY_HTTP_TLS_CLIENTCAS: '[/a,/b]' },
    { http: { tls: { clientcas: ['/a', '/b'] } } },
  ],
  [
    'takes a single value as it is where it is no YAML',
    '',
    { REGISTRY_HTTP_ADDR: '[::1]:5000' },
    { http: { addr: '[::1]:5000' } },
  ],
  [
    'takes a single value as it is where it is a list',
    '',
    { REGISTRY_HTTP_SECRET: '[a]' },
    { http: { secret: '[a]' } },
  ],
  ['takes nothing as null', 'log: {level: debug}', { REGISTRY_LOG_LEVEL: '' }, { log: { level: null } }],
  [
    'makes no section of an empty variable',
    'storage: {filesystem: {rootdirectory: /r}}',
    { REGISTRY_STORAGE_S3_ACCESSKEY: '', REGISTRY_STORAGE_GCS: ' ', REGISTRY_AUTH_HTPASSWD_PATH: '' },
    { storage: { filesystem: { rootdirectory: '/r' } } },
  ],
  [
    'keeps a section, or the word that stands for it, where the variable is empty',
    '{storage: {filesystem: {rootdirectory: /r}}, auth: silly}',
    { REGISTRY_STORAGE: '', REGISTRY_STORAGE_FILESYSTEM: '', REGISTRY_AUTH: '' },
    { storage: { filesystem: { rootdirectory: '/r' } }, auth: 'silly' },
  ],
  [
    'matches a key of a mapping in any case',
    'http: {headers: {X-Frame: [a]}}',
    { 'REGISTRY_HTTP_HEADERS_X-FRAME': '[b]' },
    { http: { headers: { 'X-Frame': ['b'] } } },
  ],
  [
    'goes by the names of Go fields where they differ',
    '',
    {
      REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: 'true',
      REGISTRY_COMPATIBILITY_SCHEMA1_TRUSTKEY: '/k',
      REGISTRY_HEALTH_FILECHECKERS: '[{file: /down}]',
      REGISTRY_LOG_HOOKS_0_MAILOPTIONS_FROM: 'me',
    },
    {
      compatibility: { schema1: { signingkeyfile: '/k' } },
      health: { file: [{ file: '/down' }] },
      log: { hooks: [{ options: { from: 'me' } }] },
      notifications: { events: { includereferences: true } },
    },
  ],
  [
    'sets a field of an item of a list',
    'notifications: {endpoints: [{name: a}, {name: b}]}',
    { REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME: 'c' },
    { notifications: { endpoints: [{ name: 'a' }, { name: 'c' }] } },
  ],
  [
    'appends an item at the end of a list',
    '',
    { REGISTRY_NOTIFICATIONS_ENDPOINTS_0_NAME: 'a', REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL: 'http://x' },
    { notifications: { endpoints: [{ name: 'a', url: 'http://x' }] } },
  ],
  [
    'reaches an item of a list in a mapping',
    'middleware: {storage: [{name: a}]}',
    { REGISTRY_MIDDLEWARE_STORAGE_0_NAME: 'b' },
    { middleware: { storage: [{ name: 'b' }] } },
  ],
  [
    'reaches an embedded struct with and without its name',
    '',
    { REGISTRY_REDIS_USERNAME: 'u', REGISTRY_REDIS_OPTIONS_PASSWORD: 'p' },
    { redis: { password: 'p', username: 'u' } },
  ],
  [
    'reaches what is passed on unread',
    '',
    { REGISTRY_STORAGE_GCS_CREDENTIALS_TYPE: 'x' },
    { storage: { gcs: { credentials: { type: 'x' } } } },
  ],
  ['does not take the path of the file for a key', '', { REGISTRY_CONFIGURATION_PATH: '/x' }, {}],
  ['ignores what begins otherwise', '', { REGISTRYHTTP: 'x', HTTP_ADDR: ':1' }, {}],
]

function somedriver(changes: object): object {
  return { storage: { somedriver: { string1: 'string-value1', bool1: true, int1: 42, ...changes } } }
}

describe('an override from the environment', () => {
  it.each(rows)('%s', (_, file, environment, expected) => {
    expect(override(file, environment)).toEqual({ plain: expected, problems: [], warnings: [] })
  })

  it.each([
    'REGISTRY_DUCKS',
    'REGISTRY_PORT_5000_TCP',
    'REGISTRY_',
    'REGISTRY__LOG',
    'REGISTRY_HTTP_PORT',
    'REGISTRY_HTTP_ADDR_0',
    'REGISTRY_NOTIFICATIONS_EVENTS_INCLUDEREFERENCES',
    'REGISTRY_REDIS_OPTIONS',
  ])('is ignored, with a warning, where there is no such field: %s', (variable) => {
    expect(override('http: {addr: ":1"}', { [variable]: 'x' })).toEqual({
      plain: { http: { addr: ':1' } },
      problems: [],
      warnings: [`Ignoring unrecognized environment variable ${variable}`],
    })
  })

  it.each([
    ['REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME', 'x', 'undefined index: 1'],
    ['REGISTRY_NOTIFICATIONS_ENDPOINTS_FIRST_NAME', 'x', 'non-numeric index: FIRST'],
  ])('is a problem where an index is none: %s', (variable, value, message) => {
    expect(override('', { [variable]: value }).problems).toEqual([message])
  })

  it('is a problem, with the name of the variable, where its value is not YAML', () => {
    const findings = new Findings()
    overrideFromEnvironment(registry, emptyMapping(''), { REGISTRY_LOG_FIELDS: '{a: ' }, findings)
    expect(findings.problems).toEqual([
      { path: '', message: expect.stringContaining('not valid YAML'), origin: 'REGISTRY_LOG_FIELDS' },
    ])
  })

  it.each([
    ['a comment', 'p@ss #w:o/rd'],
    ['nothing but a comment', '#secret'],
    ['a tag', '!secret'],
    ['an anchor', '&secret rest'],
  ])('takes the whole text of a single value that YAML reads as %s, and warns without the value', (_, value) => {
    expect(override('', { REGISTRY_HTTP_SECRET: value })).toEqual({
      plain: { http: { secret: value } },
      problems: [],
      warnings: [expect.stringMatching(/^REGISTRY_HTTP_SECRET: YAML would leave out a part of the value [^@!&]*$/)],
    })
  })

  it('keeps what YAML reads, and warns, where the whole text cannot be the value', () => {
    expect(override('', { REGISTRY_CATALOG_MAXENTRIES: '5 # few' })).toEqual({
      plain: { catalog: { maxentries: 5 } },
      problems: [],
      warnings: [expect.stringContaining('REGISTRY_CATALOG_MAXENTRIES: YAML leaves out a part of the value')],
    })
  })

  it('takes a quoted value without its quotes, and does not warn', () => {
    expect(override('', { REGISTRY_HTTP_SECRET: '"a #b"' })).toEqual({
      plain: { http: { secret: 'a #b' } },
      problems: [],
      warnings: [],
    })
  })

  it.each([
    ['REGISTRY_SERVICE_HOST', '10.0.0.1'],
    ['REGISTRY_SERVICE_PORT', '5000'],
    ['REGISTRY_PORT', 'tcp://10.0.0.1:5000'],
    ['REGISTRY_PORT_5000_TCP', 'tcp://10.0.0.1:5000'],
    ['REGISTRY_AUTH_SERVICE_HOST', '10.0.0.1'],
    ['REGISTRY_AUTH_PORT_80_TCP_ADDR', 'fd00::1'],
    ['REGISTRY_STORAGE_SERVICE_PORT_HTTPS', '443'],
    ['REGISTRY_STORAGE_PORT_9000_TCP_PROTO', 'tcp'],
    ['REGISTRY_HTTP_PORT', 'udp://10.0.0.1:80'],
    ['REGISTRY_REDIS_PORT_6379_TCP_PORT', '6379'],
    ['REGISTRY_LOG_FIELDS_SERVICE_HOST', '10.0.0.1'],
  ])('ignores the variable %s that Kubernetes makes for a service', (variable, value) => {
    const result = override('storage: {filesystem: {}}', { [variable]: value })
    expect(result.plain).toEqual({ storage: { filesystem: {} } })
    expect(result.problems).toEqual([])
    expect(result.warnings).toEqual([expect.stringMatching(new RegExp(`Kubernetes makes for a service: ${variable}$`))])
  })

  it('names all variables of services in one warning', () => {
    const environment = { REGISTRY_AUTH_SERVICE_HOST: '10.0.0.1', REGISTRY_AUTH_SERVICE_PORT: '80' }
    expect(override('', environment).warnings).toEqual([
      expect.stringMatching(/REGISTRY_AUTH_SERVICE_HOST, REGISTRY_AUTH_SERVICE_PORT$/),
    ])
  })

  it('does not take a value of another form for a service', () => {
    expect(override('', { REGISTRY_STORAGE_SOMEDRIVER_SERVICE_HOST: 'store.example' }).plain).toEqual({
      storage: { somedriver: { service: { host: 'store.example' } } },
    })
  })

  it('leaves the version of the file as it is, whatever REGISTRY_VERSION says', () => {
    expect(override('version: 0.1', { REGISTRY_VERSION: '2.8.3' })).toEqual({
      plain: { version: 0.1 },
      problems: [],
      warnings: ['Ignoring unrecognized environment variable REGISTRY_VERSION'],
    })
  })
})
