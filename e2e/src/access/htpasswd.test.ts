import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { imageNamed } from '../flow-player/content.ts'
import { locationOf } from '../flow-player/wire.ts'
import { registries, useAnyRegistry } from './both-registries.ts'
import { basic, frodo, mishil, writeUsers } from './htpasswd.ts'
import { said, type Said } from './said.ts'

const denied: Said = { status: 401, challenge: 'Basic realm="basic-realm"', code: 'UNAUTHORIZED' }
const image = imageNamed('htpasswd')
const blob = image.config

describe.each(registries)('%s with users of an htpasswd file', (name) => {
  const registry = useAnyRegistry(name, writeUsers)
  const ask = async (method: string, path: string, authorization?: string): Promise<Said> => {
    const headers = authorization === undefined ? {} : { Authorization: authorization }
    return said(await registry.wire.send(method, path, { headers }))
  }

  it.each([
    ['nobody', undefined],
    ['a wrong password', basic({ ...frodo, password: 'x' })],
    ['no password', basic({ ...frodo, password: '' })],
    ['an unknown user', basic({ name: 'sauron', password: 'baggins' })],
    ['a user whose hash is not of bcrypt', basic({ name: 'bilbo', password: 'bilbo' })],
    ['a name that is a comment', basic({ name: '# users of the tests', password: '' })],
    ['a token', 'Bearer abc.def.ghi'],
    ['what is no base64', 'Basic !!!'],
    ['what has no colon', `Basic ${Buffer.from('frodo').toString('base64')}`],
    ['a scheme alone', 'Basic'],
  ])('asks %s to log in', async (_, authorization) => {
    expect(await ask('GET', '/v2/', authorization)).toEqual(denied)
    expect(await ask('GET', '/v2/team/app/manifests/v1', authorization)).toEqual(denied)
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('asks whoever is nobody to log in for %s', async (method) => {
    const paths = ['manifests/v1', `blobs/${blob.digest}`, 'blobs/uploads/', 'blobs/uploads/x', 'tags/list']
    for (const path of paths) expect(await ask(method, `/v2/team/app/${path}`)).toEqual(denied)
    expect(await ask(method, '/v2/_catalog')).toEqual(denied)
  })

  it.each([
    ['a user', basic(frodo)],
    ['a user whose password is no ASCII', basic(mishil)],
    ['a user, by a scheme in other letters', basic(frodo).replace('Basic', 'basic')],
  ])('lets %s in', async (_, authorization) => {
    expect(await ask('GET', '/v2/', authorization)).toEqual({ status: 200 })
    expect(await ask('GET', '/v2/team/app/manifests/v1', authorization)).toEqual({
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    })
  })

  it('lets a user do everything', async () => {
    const { wire } = registry
    const headers = { Authorization: basic(frodo) }
    const send = (method: string, target: string | URL, body?: Uint8Array, type?: string) =>
      wire.send(method, target, {
        headers: { ...headers, ...(type !== undefined && { 'Content-Type': type }) },
        ...(body !== undefined && { body }),
      })
    for (const { bytes, digest } of [...image.layers, image.config]) {
      const started = await send('POST', '/v2/team/app/blobs/uploads/')
      expect((await send('PUT', locationOf(started, { digest }), bytes)).status).toBe(201)
    }
    const manifest = '/v2/team/app/manifests/v1'
    expect((await send('PUT', manifest, image.manifest.bytes, image.mediaType)).status).toBe(201)
    expect((await send('GET', manifest)).body).toEqual(image.manifest.bytes)
    const mount = `/v2/team/other/blobs/uploads/?mount=${blob.digest}&from=team/app`
    expect((await send('POST', mount)).status).toBe(201)
    expect(said(await send('GET', '/v2/_catalog')).status).toBe(200)
    expect((await send('DELETE', `/v2/team/app/manifests/${image.manifest.digest}`)).status).toBe(202)
  })

  it('knows at once that the file has changed', async () => {
    const path = join(registry.folder, 'htpasswd')
    expect(await ask('GET', '/v2/', basic(frodo))).toEqual({ status: 200 })
    await writeFile(path, '# nobody\n')
    expect(await ask('GET', '/v2/', basic(frodo))).toEqual(denied)
    await writeUsers(registry.folder)
    expect(await ask('GET', '/v2/', basic(frodo))).toEqual({ status: 200 })
  })
})
