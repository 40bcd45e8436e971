import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageNamed } from '../flow-player/content.ts'
import { locationOf } from '../flow-player/wire.ts'
import { type RegistryName, registries, useAnyRegistry } from './both-registries.ts'
import { said, type Said } from './said.ts'
import { type Grant, partOf, TokenAuthority } from './token-authority.ts'

const realm = 'Bearer realm="https://auth.example/token",service="registry.example"'
const image = imageNamed('tokens')
const [layer] = image.layers
const digest = layer?.digest ?? ''
const all = ['pull', 'push', 'delete']

let folder: string
let authority: TokenAuthority
let stranger: TokenAuthority
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-tokens-'))
  authority = await TokenAuthority.make(folder)
  stranger = await TokenAuthority.make(folder, 'stranger')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function denied(scope?: string, error?: string): Said {
  const challenge = `${realm}${scope === undefined ? '' : `,scope="${scope}"`}${error === undefined ? '' : `,error="${error}"`}`
  return { status: 401, challenge, code: 'UNAUTHORIZED' }
}

const to = (name: string, ...actions: readonly string[]): Grant => ({ name, actions })

/** Where Distribution's answer is a defect, or what it does not know yet, what Berth says instead. */
type Expected = Said | Readonly<Record<RegistryName, Said>>

const expectedOf = (expected: Expected, name: RegistryName): Said => ('status' in expected ? expected : expected[name])

describe.each(registries)('%s with tokens', (name) => {
  const registry = useAnyRegistry(name, async () => authority.settings())
  const send = (method: string, target: string | URL, token?: string, body?: Uint8Array, type?: string) =>
    registry.wire.send(method, target, {
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(type !== undefined && { 'Content-Type': type }),
      },
      ...(body !== undefined && { body }),
    })
  const ask = async (method: string, path: string, token?: string): Promise<Said> =>
    said(await send(method, path, token))

  beforeAll(async () => {
    const token = authority.token([to('team/app', ...all)])
    for (const blob of [...image.layers, image.config]) {
      const started = await send('POST', '/v2/team/app/blobs/uploads/', token)
      await send('PUT', locationOf(started, { digest: blob.digest }), token, blob.bytes)
    }
    const put = await send('PUT', '/v2/team/app/manifests/v1', token, image.manifest.bytes, image.mediaType)
    if (put.status !== 201) throw new Error(`the image cannot be pushed: ${put.status}`)
  })

  it.each<[string, string, string | undefined]>([
    ['GET', '/v2/', undefined],
    ['GET', '/v2/_catalog', 'registry:catalog:*'],
    ['GET', '/v2/team/app/tags/list', 'repository:team/app:pull'],
    ['GET', '/v2/team/app/manifests/v1', 'repository:team/app:pull'],
    ['HEAD', '/v2/team/app/manifests/v1', 'repository:team/app:pull'],
    ['PUT', '/v2/team/app/manifests/v1', 'repository:team/app:pull,push'],
    ['DELETE', `/v2/team/app/manifests/${image.manifest.digest}`, 'repository:team/app:delete'],
    ['GET', `/v2/team/app/blobs/${digest}`, 'repository:team/app:pull'],
    ['DELETE', `/v2/team/app/blobs/${digest}`, 'repository:team/app:delete'],
    ['POST', '/v2/team/app/blobs/uploads/', 'repository:team/app:pull,push'],
    [
      'POST',
      `/v2/team/app/blobs/uploads/?mount=${digest}&from=other/app`,
      'repository:other/app:pull repository:team/app:pull,push',
    ],
    ['POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=team/app`, 'repository:team/app:pull,push'],
    ['GET', '/v2/team/app/blobs/uploads/x', 'repository:team/app:pull'],
    ['PATCH', '/v2/team/app/blobs/uploads/x', 'repository:team/app:pull,push'],
    ['PUT', '/v2/team/app/blobs/uploads/x', 'repository:team/app:pull,push'],
    ['POST', '/v2/team/app/manifests/v1', 'repository:team/app:pull,push'],
    ['DELETE', '/v2/team/app/tags/list', 'repository:team/app:delete'],
    ['OPTIONS', '/v2/team/app/tags/list', undefined],
  ])('says what a token must be for: %s %s', async (method, path, scope) => {
    const { code: _, ...headless } = denied(scope)
    expect(await ask(method, path)).toEqual(method === 'HEAD' ? headless : denied(scope))
  })

  it('says what a token must be for to cancel an upload: no more than to start one', async () => {
    const actions = { 'docker-registry 2.8': 'delete', Berth: 'push' }[name]
    expect(await ask('DELETE', '/v2/team/app/blobs/uploads/x')).toEqual(denied(`repository:team/app:${actions}`))
  })

  const manifest = '/v2/team/app/manifests/v1'
  const notEnough = denied('repository:team/app:pull', 'insufficient_scope')
  it.each<[string, readonly Grant[], string, string, Said]>([
    ['any at all', [], 'GET', '/v2/', { status: 200 }],
    ['pull', [to('team/app', 'pull')], 'GET', manifest, { status: 200 }],
    ['all', [to('team/app', '*')], 'GET', manifest, { status: 200 }],
    ['pull, for a blob', [to('team/app', 'pull')], 'HEAD', `/v2/team/app/blobs/${digest}`, { status: 200 }],
    ['push alone', [to('team/app', 'push')], 'GET', manifest, notEnough],
    ['nothing', [], 'GET', manifest, notEnough],
    ['another repository', [to('team/other', ...all)], 'GET', manifest, notEnough],
    ['the repository above', [to('team', ...all)], 'GET', manifest, notEnough],
    ['the catalog', [{ type: 'registry', name: 'catalog', actions: ['*'] }], 'GET', '/v2/_catalog', { status: 200 }],
    [
      'all of a repository, for the catalog',
      [to('catalog', '*')],
      'GET',
      '/v2/_catalog',
      denied('registry:catalog:*', 'insufficient_scope'),
    ],
    [
      'pull, for a push',
      [to('team/app', 'pull')],
      'POST',
      '/v2/team/app/blobs/uploads/',
      denied('repository:team/app:pull,push', 'insufficient_scope'),
    ],
    [
      'push, for a deletion',
      [to('team/app', 'pull', 'push')],
      'DELETE',
      `/v2/team/app/manifests/${image.manifest.digest}`,
      denied('repository:team/app:delete', 'insufficient_scope'),
    ],
    [
      'pull and push where it mounts to',
      [to('mine/app', 'pull', 'push')],
      'POST',
      `/v2/mine/app/blobs/uploads/?mount=${digest}&from=team/app`,
      denied('repository:mine/app:pull,push repository:team/app:pull', 'insufficient_scope'),
    ],
    [
      'pull of the source, too',
      [to('mine/app', 'pull', 'push'), to('team/app', 'pull')],
      'POST',
      `/v2/mine/app/blobs/uploads/?mount=${digest}&from=team/app`,
      { status: 201 },
    ],
  ])('grants what a token is for: %s', async (_, grants, method, path, expected) => {
    expect(await ask(method, path, authority.token(grants))).toEqual(expected)
  })

  const now = Math.floor(Date.now() / 1000)
  const invalid = denied('repository:team/app:pull', 'invalid_token')
  const good = { status: 200 }
  it.each<[string, Readonly<Record<string, unknown>>, Expected]>([
    ['expired', { exp: now - 120 }, invalid],
    ['just expired', { exp: now - 1 }, good],
    ['without end', { exp: undefined }, invalid],
    ['not yet valid', { nbf: now + 600 }, invalid],
    ['valid in a moment', { nbf: now + 30 }, good],
    ['of any time before', { nbf: undefined }, good],
    ['for another registry', { aud: 'other.example' }, invalid],
    [
      'for several registries',
      { aud: ['other.example', 'registry.example'] },
      { 'docker-registry 2.8': invalid, Berth: good },
    ],
    ['for no registry', { aud: undefined }, invalid],
    ['of another issuer', { iss: 'other.example' }, invalid],
    ['of nobody', { sub: undefined }, good],
    ['without access', { access: undefined }, notEnough],
  ])('believes in a token while it is to be believed: %s', async (_, claims, expected) => {
    const token = authority.token([to('team/app', 'pull')], claims)
    expect(await ask('GET', manifest, token)).toEqual(expectedOf(expected, name))
  })

  it.each<[string, () => string]>([
    ['signed by another key', () => stranger.token([to('team/app', 'pull')])],
    [
      'signed by another key, with a good certificate',
      () => stranger.sign(authority.header, authority.claims([to('team/app', 'pull')])),
    ],
    ['with no signature', () => authority.token([to('team/app', 'pull')]).replace(/[^.]+$/, '')],
    [
      'whose algorithm is none',
      () => `${partOf({ ...authority.header, alg: 'none' })}.${partOf(authority.claims([to('team/app', 'pull')]))}.`,
    ],
    [
      'whose secret is the public key',
      () => {
        const pem = authority.certificate.publicKey.export({ type: 'spki', format: 'pem' })
        const claims = authority.claims([to('team/app', 'pull')])
        return authority.signWithSecret(pem, { ...authority.header, alg: 'HS256' }, claims)
      },
    ],
    [
      'whose claims were stripped',
      () => {
        const [header, , signature] = authority.token([]).split('.')
        return `${header}.${partOf({ access: [{ type: 'repository', name: 'team/app', actions: ['*'] }] })}.${signature}`
      },
    ],
    [
      'whose claims were changed',
      () => {
        const [header, , signature] = authority.token([]).split('.')
        return `${header}.${partOf(authority.claims([to('team/app', '*')]))}.${signature}`
      },
    ],
    [
      'that does not say whose key it is',
      () => authority.sign({ alg: 'ES256' }, authority.claims([to('team/app', 'pull')])),
    ],
    ['that is none', () => 'abc.def.ghi'],
    ['that is a word', () => 'abc'],
  ])('does not believe in a token %s', async (_, token) => {
    expect(await ask('GET', manifest, token())).toEqual(invalid)
  })

  it.each<[string, (token: string) => string, Said]>([
    ['in other letters', (token) => `bearer ${token}`, good],
    ['with two spaces', (token) => `Bearer  ${token}`, denied('repository:team/app:pull')],
    ['with more after it', (token) => `Bearer ${token} x`, denied('repository:team/app:pull')],
    [
      'as a password',
      (token) => `Basic ${Buffer.from(`bob:${token}`).toString('base64')}`,
      denied('repository:team/app:pull'),
    ],
    ['alone', (token) => token, denied('repository:team/app:pull')],
  ])('takes a token as it should be sent, not %s', async (_, written, expected) => {
    const headers = { Authorization: written(authority.token([to('team/app', 'pull')])) }
    expect(said(await registry.wire.send('GET', manifest, { headers }))).toEqual(expected)
  })

  it('lets whoever may start an upload cancel it', async () => {
    const token = authority.token([to('team/app', 'pull', 'push')])
    const started = await send('POST', '/v2/team/app/blobs/uploads/', token)
    const { status } = await send('DELETE', locationOf(started), token)
    expect(status).toBe({ 'docker-registry 2.8': 401, Berth: 204 }[name])
  })

  it('lets whoever may delete do so', async () => {
    const token = authority.token([to('team/app', 'delete')])
    expect((await send('DELETE', `/v2/team/app/manifests/${image.manifest.digest}`, token)).status).toBe(202)
  })
})
