import { beforeAll, describe, expect, it } from 'vitest'
import { blobNamed, type Content, descriptorOf, imageNamed, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { type Answer, locationOf } from '../flow-player/wire.ts'
import { type Door, useDoors } from './berths.ts'
import { said } from './said.ts'

const open = useDoors()
const image = imageNamed('of another team')
const [secret = image.config] = image.layers

/** All of one team's repositories, and nothing of anybody's else. */
const team = (name: string) => [
  { name: `${name}/app`, actions: ['*'] },
  { name: `${name}/more`, actions: ['*'] },
]

type Sending = Parameters<ReturnType<typeof open.wire>['send']>[2]

/** Where one may send what is about a blob, and what is not: of a blob node, that is beside it. */
const places: readonly (readonly [place: string, door: Door])[] = [
  ['all-in-one', 'all-in-one'],
  ['a gateway', 'a gateway'],
  ['a blob node', 'a blob node'],
]

describe.each(places)('a blob of another team at %s', (_, door) => {
  const elsewhere: Door = door === 'a blob node' ? 'a gateway' : door
  const sender =
    (name: string) =>
    (method: string, target: string | URL, sending: Sending = {}): Promise<Answer> => {
      const at = typeof target === 'string' && !target.includes('/blobs/') ? elsewhere : door
      const headers = { Authorization: `Bearer ${open.authority.token(team(name))}`, ...sending.headers }
      return open.wire(at).send(method, target, { ...sending, headers })
    }
  const owner = sender('owner')
  const thief = sender('thief')

  beforeAll(async () => {
    for (const { bytes, digest } of [...image.layers, image.config]) {
      const started = await owner('POST', '/v2/owner/app/blobs/uploads/')
      await owner('PUT', locationOf(started, { digest }), { body: bytes })
    }
    const headers = { 'Content-Type': image.mediaType }
    await owner('PUT', '/v2/owner/app/manifests/v1', { headers, body: image.manifest.bytes })
    // So that whatever remembers blobs remembers this one.
    for (let time = 0; time < 3; time++) {
      const { body } = await owner('GET', `/v2/owner/app/blobs/${secret.digest}`)
      if (!body.equals(secret.bytes)) throw new Error('the owner does not have the blob')
    }
  })

  /** Whoever has it can have its bytes, or its existence told. */
  async function hasIt({ digest }: Content = secret): Promise<boolean> {
    const blob = await thief('GET', `/v2/thief/app/blobs/${digest}`)
    const head = await thief('HEAD', `/v2/thief/app/blobs/${digest}`)
    const manifest = await thief('GET', `/v2/thief/app/manifests/${digest}`)
    return [blob, head, manifest].some(({ status }) => status !== 404)
  }

  it('is not had by its digest, in whatever repository', async () => {
    expect(await hasIt()).toBe(false)
    expect(await hasIt(image.manifest)).toBe(false)
    for (const path of [`blobs/${secret.digest}`, 'manifests/v1', `manifests/${image.manifest.digest}`, 'tags/list'])
      expect(said(await thief('GET', `/v2/owner/app/${path}`)).status).toBe(401)
    const range = { headers: { Range: 'bytes=0-9' } }
    expect((await thief('GET', `/v2/thief/app/blobs/${secret.digest}`, range)).status).toBe(404)
  })

  it('is not mounted', async () => {
    const mount = (query: Readonly<Record<string, string>>) =>
      thief('POST', '/v2/thief/app/blobs/uploads/', { query: { mount: secret.digest, ...query } })
    const denied = { status: 401, code: 'UNAUTHORIZED' }
    expect(said(await mount({ from: 'owner/app' }))).toMatchObject(denied)
    expect(said(await mount({ from: 'owner/other' }))).toMatchObject(denied)
    // From where it is not, from nowhere, or from what is no name, there is only an upload to be had.
    for (const from of ['thief/more', 'thief/app', '', 'OWNER/APP', '../owner/app', 'owner/app/'])
      expect((await mount({ from })).status).toBe(202)
    expect((await mount({})).status).toBe(202)
    expect(await hasIt()).toBe(false)
  })

  it('is not mounted of one of two sources that a request names', async () => {
    const path = `/v2/thief/app/blobs/uploads/?mount=${secret.digest}`
    expect((await thief('POST', `${path}&from=thief/more&from=owner/app`)).status).toBe(202)
    expect((await thief('POST', `${path}&from=owner/app&from=thief/more`)).status).toBe(401)
    const form = {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: Buffer.from('from=owner/app'),
    }
    expect((await thief('POST', path, form)).status).toBe(202)
    expect(await hasIt()).toBe(false)
  })

  it('is not had by completing an upload without its bytes', async () => {
    const started = await thief('POST', '/v2/thief/app/blobs/uploads/')
    const empty = await thief('PUT', locationOf(started, { digest: secret.digest }))
    expect(said(empty)).toMatchObject({ status: 400, code: 'DIGEST_INVALID' })
    const monolithic = await thief('POST', '/v2/thief/app/blobs/uploads/', { query: { digest: secret.digest } })
    expect(monolithic.status).not.toBe(201)
    expect(await hasIt()).toBe(false)
  })

  it('is not had by completing an upload that is over', async () => {
    const own = blobNamed(`of the thief at ${door}`, 100)
    const started = await thief('POST', '/v2/thief/app/blobs/uploads/')
    expect((await thief('PUT', locationOf(started, { digest: own.digest }), { body: own.bytes })).status).toBe(201)
    const again = await thief('PUT', locationOf(started, { digest: secret.digest }))
    expect(said(again)).toMatchObject({ status: 404, code: 'BLOB_UPLOAD_UNKNOWN' })
    expect(await hasIt()).toBe(false)
  })

  it('is not had by the upload that it comes by', async () => {
    const started = await owner('POST', '/v2/owner/app/blobs/uploads/')
    const location = locationOf(started)
    const patched = await owner('PATCH', location, { body: secret.bytes })
    const stolen = new URL(locationOf(patched, { digest: secret.digest }))
    expect((await thief('PUT', stolen)).status).toBe(401)
    stolen.pathname = stolen.pathname.replace('/owner/', '/thief/')
    expect((await thief('GET', stolen)).status).toBeGreaterThanOrEqual(400)
    expect((await thief('PUT', stolen)).status).toBeGreaterThanOrEqual(400)
    expect(await hasIt()).toBe(false)
    expect((await owner('DELETE', locationOf(patched))).status).toBe(204)
  })

  it('is not had by a manifest that names it', async () => {
    const manifest = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(mediaTypes.config, image.config),
      layers: [descriptorOf(mediaTypes.layer, secret)],
    })
    const index = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [descriptorOf(mediaTypes.manifest, image.manifest)],
    })
    const put = (type: string, { bytes }: Content) =>
      thief('PUT', '/v2/thief/app/manifests/v1', { headers: { 'Content-Type': type }, body: bytes })
    expect(said(await put(mediaTypes.manifest, manifest))).toMatchObject({ status: 400, code: 'MANIFEST_BLOB_UNKNOWN' })
    expect((await put(mediaTypes.index, index)).status).toBe(400)
    expect(await hasIt()).toBe(false)
    expect(await hasIt(image.manifest)).toBe(false)
  })

  it('is still its owner’s', async () => {
    expect((await owner('GET', `/v2/owner/app/blobs/${secret.digest}`)).body).toEqual(secret.bytes)
    const mount = { query: { mount: secret.digest, from: 'owner/app' } }
    expect((await owner('POST', '/v2/owner/more/blobs/uploads/', mount)).status).toBe(201)
  })
})
