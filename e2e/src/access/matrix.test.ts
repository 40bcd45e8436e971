import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import { contentOf } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { IdentityProvider } from '../token-server/identity-provider.ts'
import { TokenFiles } from '../token-server/token-settings.ts'
import { type Door, doors, useDoors } from './berths.ts'
import { basic, frodo } from './htpasswd.ts'
import { said } from './said.ts'
import type { Grant } from './token-authority.ts'

const { digest } = contentOf('nothing that is there')
const pull = 'repository:team/app:pull'
const push = 'repository:team/app:push'
const remove = 'repository:team/app:delete'

interface Row {
  readonly method: string
  readonly path: string
  /** All that it takes. */
  readonly needs: readonly string[]
}

const row = (method: string, path: string, ...needs: readonly string[]): Row => ({ method, path, needs })
const inRepository = (method: string, path: string, ...needs: readonly string[]): Row =>
  row(method, `/v2/team/app/${path}`, ...needs)

/** What takes part of a route is whatever method it is asked for by. */
const atBlobNodes: readonly Row[] = [
  row('GET', '/v2/'),
  row('HEAD', '/v2/'),
  row('POST', '/v2/'),
  inRepository('GET', `blobs/${digest}`, pull),
  inRepository('HEAD', `blobs/${digest}`, pull),
  inRepository('DELETE', `blobs/${digest}`, remove),
  inRepository('PUT', `blobs/${digest}`, pull, push),
  inRepository('OPTIONS', `blobs/${digest}`),
  inRepository('POST', 'blobs/uploads/', pull, push),
  inRepository('POST', `blobs/uploads/?digest=${digest}`, pull, push),
  inRepository('POST', `blobs/uploads/?mount=${digest}`, pull, push),
  inRepository('POST', `blobs/uploads/?mount=${digest}&from=other/app`, pull, push, 'repository:other/app:pull'),
  inRepository('POST', `blobs/uploads/?mount=${digest}&from=${encodeURIComponent('o"ther')}`, pull, push),
  inRepository('GET', 'blobs/uploads/', pull),
  inRepository('GET', 'blobs/uploads/x', pull),
  inRepository('HEAD', 'blobs/uploads/x', pull),
  inRepository('PATCH', 'blobs/uploads/x', pull, push),
  inRepository('PUT', `blobs/uploads/x?digest=${digest}`, pull, push),
  inRepository('DELETE', 'blobs/uploads/x', push),
  inRepository('POST', 'blobs/uploads/x', pull, push),
]

const elsewhere: readonly Row[] = [
  row('GET', '/v2/_catalog', 'registry:catalog:*'),
  row('GET', '/v2/_catalog?n=1', 'registry:catalog:*'),
  row('DELETE', '/v2/_catalog', 'registry:catalog:*'),
  inRepository('GET', 'tags/list', pull),
  inRepository('PUT', 'tags/list', pull, push),
  inRepository('DELETE', 'tags/list', remove),
  inRepository('GET', 'manifests/v1', pull),
  inRepository('HEAD', 'manifests/v1', pull),
  inRepository('PUT', 'manifests/v1', pull, push),
  inRepository('DELETE', 'manifests/v1', remove),
  inRepository('GET', `manifests/${digest}`, pull),
  inRepository('PUT', `manifests/${digest}`, pull, push),
  inRepository('DELETE', `manifests/${digest}`, remove),
  inRepository('PATCH', 'manifests/v1', pull, push),
  inRepository('OPTIONS', 'manifests/v1'),
  inRepository('GET', `referrers/${digest}`, pull),
  inRepository('DELETE', `referrers/${digest}`, remove),
]

/** Beside `/v2/`, and open: it is where people ask to be let in. */
const ofTokenServer: readonly Row[] = [
  row('GET', '/token'),
  row('POST', '/token'),
  row('DELETE', '/token'),
  row('GET', '/token/keys'),
  row('POST', '/token/keys'),
]

/** By who asks, the token that they have; `undefined`: none. */
const everybody: readonly (readonly [who: string, grants: readonly Grant[] | undefined])[] = [
  ['nobody', undefined],
  ['who may do nothing', []],
  ['who may pull', [{ name: 'team/app', actions: ['pull'] }]],
  ['who may push', [{ name: 'team/app', actions: ['pull', 'push'] }]],
  ['who may push and not pull', [{ name: 'team/app', actions: ['push'] }]],
  ['who may delete', [{ name: 'team/app', actions: ['delete'] }]],
  [
    'who may push, and pull elsewhere',
    [
      { name: 'team/app', actions: ['pull', 'push'] },
      { name: 'other/app', actions: ['pull'] },
    ],
  ],
  ['whose is another repository', [{ name: 'other/app', actions: ['pull', 'push', 'delete', '*'] }]],
  [
    'whose are repositories around it',
    ['team', 'team/app/x', 'team/ap', 'team/app2', 'TEAM/APP', 'catalog'].map((name) => ({ name, actions: ['*'] })),
  ],
  ['who may list the catalog', [{ type: 'registry', name: 'catalog', actions: ['*'] }]],
  [
    'who may do everything',
    [
      { name: 'team/app', actions: ['*'] },
      { name: 'other/app', actions: ['*'] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ],
  ],
]

function isGranted(grants: readonly Grant[] | undefined, needs: readonly string[]): boolean {
  const granted = (grants ?? []).flatMap(({ type = 'repository', name, actions }) =>
    actions.map((action) => `${type}:${name}:${action}`),
  )
  const isOne = (need: string) => granted.includes(need) || granted.includes(need.replace(/[^:]*$/, '*'))
  return grants !== undefined && needs.every(isOne)
}

const open = useDoors()

/** Of every row what came of it. */
async function outcomes(door: Door, rows: readonly Row[], grants: readonly Grant[] | undefined) {
  const authorization = grants && { Authorization: `Bearer ${open.authority.token(grants)}` }
  const all: Record<string, string> = {}
  for (const { method, path } of rows) {
    const { status, challenge = '' } = said(await open.wire(door).send(method, path, { headers: { ...authorization } }))
    const isAnswer = status < 500 && status !== 401 && status !== 403 && status !== 429
    all[`${method} ${path}`] = status === 401 ? `denied ${challenge}` : isAnswer ? 'allowed' : String(status)
  }
  return all
}

function expected(rows: readonly Row[], grants: readonly Grant[] | undefined) {
  const challenge = 'denied Bearer realm="https://auth.example/token",service="registry.example"'
  const error = grants === undefined ? '' : ',error="insufficient_scope"'
  return Object.fromEntries(
    rows.map(({ method, path, needs }) => {
      const [own, other] = [
        needs.filter((need) => need.includes(':team/app:')),
        needs.filter((need) => !need.includes(':team/app:')),
      ]
      const actions = own.map((need) => need.slice(need.lastIndexOf(':') + 1)).join(',')
      const scopes = [...other, ...(own.length > 0 ? [`repository:team/app:${actions}`] : [])]
      const scope = scopes.length > 0 ? `,scope="${scopes.join(' ')}"` : ''
      return [`${method} ${path}`, isGranted(grants, needs) ? 'allowed' : challenge + scope + error]
    }),
  )
}

describe.each(doors)('at %s', (door) => {
  const rows = door === 'a blob node' ? atBlobNodes : [...atBlobNodes, ...elsewhere]

  it.each(everybody)('%s is allowed what the table says, and nothing else', async (_, grants) => {
    expect(await outcomes(door, rows, grants)).toEqual(expected(rows, grants))
  })
})

it('a blob node has nothing but blobs, whoever asks', async () => {
  const admin = { Authorization: `Bearer ${open.authority.token([{ name: 'team/app', actions: ['*'] }])}` }
  for (const headers of [{}, admin])
    for (const { method, path } of elsewhere)
      expect((await open.wire('a blob node').send(method, path, { headers })).status).toBe(404)
})

it.each(doors)('whoever is nobody learns nothing of names at %s', async (door) => {
  for (const path of ['/v2/NOT/A/NAME/blobs/x', '/v2/a//b/blobs/x', `/v2/${'a'.repeat(300)}/blobs/${digest}`]) {
    const { status } = await open.wire(door).send('GET', path)
    expect([401, 301]).toContain(status)
  }
})

describe.each(['all-in-one', 'split'] as const)('the token server, %s,', (topology) => {
  let folder: string
  let provider: IdentityProvider
  let berth: RegistryProcess
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-doors-'))
    provider = await IdentityProvider.start()
    const files = await TokenFiles.write(folder, provider)
    berth = await startBerth({ folder, settings: files.settings(), topology })
  })
  afterAll(async () => {
    await berth.stop()
    provider.close()
    await rm(folder, { recursive: true, force: true })
  })

  const wantsPassword = 'Basic realm="registry.example"'

  it.each<[string, string | undefined, number]>([
    ['nobody', undefined, 200],
    ['who has a password', basic(frodo), 200],
    ['who has another password', basic({ ...frodo, password: 'wrong' }), 401],
    ['who has a token of somebody else’s', 'Bearer a.b.c', 401],
  ])(
    'is open to %s: nothing has to be had first, and it looks at passwords itself',
    async (_, authorization, status) => {
      const wire = new Wire(berth.host, {})
      const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization }
      const all: Record<string, string> = {}
      for (const { method, path } of ofTokenServer) {
        const answer = said(await wire.send(method, path, { headers }))
        all[`${method} ${path}`] = [answer.status, answer.challenge].filter(Boolean).join(' ')
      }
      wire.close()
      expect(all).toEqual({
        'GET /token': status === 200 ? '200' : `401 ${wantsPassword}`,
        'POST /token': '400',
        'DELETE /token': '405',
        'GET /token/keys': '200',
        'POST /token/keys': '405',
      })
    },
  )
})

it.each(doors)('there is no token server where tokens are somebody else’s, at %s', async (door) => {
  const admin = { Authorization: `Bearer ${open.authority.token([{ name: 'team/app', actions: ['*'] }])}` }
  for (const headers of [{}, admin])
    for (const { method, path } of ofTokenServer)
      expect((await open.wire(door).send(method, path, { headers })).status).toBe(404)
})
