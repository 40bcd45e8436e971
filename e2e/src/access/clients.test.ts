import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Clients } from '../clients.ts'
import { unpackableImage, writeLayout } from '../oci-layout.ts'
import { registries, type RunningRegistry, useAnyRegistry } from './both-registries.ts'
import { frodo, mishil, writeUsers } from './htpasswd.ts'
import { TokenAuthority } from './token-authority.ts'
import { TokenServer } from './token-server.ts'

const users = [
  { ...frodo, below: 'shire/' },
  { ...mishil, below: 'silla/' },
]

let folder: string
let server: TokenServer
let authority: TokenAuthority
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-clients-'))
  authority = await TokenAuthority.make(folder)
  server = await TokenServer.start(authority, [...users, { name: 'admin', password: 'secret', below: '' }])
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const insecure = '--tls-verify=false'

/** skopeo as one person has it, who is logged in or not. */
async function person(registry: RunningRegistry) {
  const home = await mkdtemp(join(folder, 'home-'))
  const clients = await Clients.in(home)
  const authfile = `--authfile=${join(home, 'auth.json')}`
  const remote = (name: string) => `docker://${registry.host}/${name}`
  const layout = join(home, 'layout')
  const image = unpackableImage('clients')
  await writeLayout(layout, 'v1', image)
  return {
    home,
    image,
    logIn: (name: string, password: string) =>
      clients.skopeo('login', insecure, authfile, '-u', name, '-p', password, registry.host),
    push: (name: string) =>
      clients.skopeo('copy', '--dest-tls-verify=false', authfile, `oci:${layout}:v1`, remote(name)),
    pull: (name: string) =>
      clients.skopeo(
        'copy',
        '--src-tls-verify=false',
        authfile,
        remote(name),
        `dir:${join(home, `pulled-${name.replaceAll(/\W/g, '-')}`)}`,
      ),
    move: (from: string, to: string) =>
      clients.skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', authfile, remote(from), remote(to)),
    remove: (name: string) => clients.skopeo('delete', insecure, authfile, remote(name)),
    digestOf: (name: string) => clients.skopeo('inspect', insecure, authfile, '--format', '{{.Digest}}', remote(name)),
  }
}

describe.each(registries)('skopeo and %s', (name) => {
  describe('with users of an htpasswd file', () => {
    const registry = useAnyRegistry(name, writeUsers)

    it('log in, push, pull, mount and delete', async () => {
      const { digestOf, image, logIn, move, pull, push, remove } = await person(registry)
      await logIn(frodo.name, frodo.password)
      await push('shire/app:v1')
      await pull('shire/app:v1')
      await move('shire/app:v1', 'shire/other:v1')
      expect(await digestOf('shire/other:v1')).toBe(image.manifest.digest)
      await remove('shire/app:v1')
      await expect(pull('shire/app:v1')).rejects.toThrow(/manifest unknown/)
    })

    it('let nobody in without a password, or with a wrong one', async () => {
      const { logIn, pull, push } = await person(registry)
      await expect(logIn(frodo.name, 'wrong')).rejects.toThrow(/invalid username\/password|authentication required/)
      await expect(push('shire/app:v1')).rejects.toThrow(/authentication required|unauthorized/)
      await expect(pull('shire/app:v1')).rejects.toThrow(/authentication required|unauthorized/)
    })
  })

  describe('with tokens', () => {
    const registry = useAnyRegistry(name, async () => authority.settings(server.realm))

    it('log in, push, pull, mount and delete', async () => {
      const { digestOf, image, logIn, move, pull, push, remove } = await person(registry)
      await logIn(frodo.name, frodo.password)
      await push('shire/app:v1')
      await pull('shire/app:v1')
      await move('shire/app:v1', 'shire/other:v1')
      expect(await digestOf('shire/other:v1')).toBe(image.manifest.digest)
      await remove('shire/app:v1')
      await expect(pull('shire/app:v1')).rejects.toThrow(/manifest unknown/)
    })

    it('keep each to what is theirs', async () => {
      const mine = await person(registry)
      await mine.logIn(frodo.name, frodo.password)
      await mine.push('shire/secret:v1')
      const other = await person(registry)
      await other.logIn(mishil.name, mishil.password)
      const refused = /requested access to the resource is denied|authentication required|unauthorized/
      await expect(other.pull('shire/secret:v1')).rejects.toThrow(refused)
      await expect(other.push('shire/secret:v1')).rejects.toThrow(refused)
      await expect(other.remove('shire/secret:v1')).rejects.toThrow(refused)
      await expect(other.move('shire/secret:v1', 'silla/mine:v1')).rejects.toThrow(refused)
      await other.push('silla/mine:v1')
    })

    it('let anybody have what is for all, and nothing else', async () => {
      const admin = await person(registry)
      await admin.logIn('admin', 'secret')
      await admin.push('public/app:v1')
      await admin.push('private/app:v1')
      const anybody = await person(registry)
      await anybody.pull('public/app:v1')
      const refused = /requested access to the resource is denied|authentication required|unauthorized/
      await expect(anybody.pull('private/app:v1')).rejects.toThrow(refused)
      await expect(anybody.push('public/app:v1')).rejects.toThrow(refused)
    })

    it('let nobody in with a wrong password', async () => {
      const { logIn } = await person(registry)
      await expect(logIn(frodo.name, 'wrong')).rejects.toThrow(/invalid username\/password|unauthorized/)
    })
  })
})
