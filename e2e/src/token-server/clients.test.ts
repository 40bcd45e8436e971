import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frodo, mishil } from '../access/htpasswd.ts'
import { startBerth } from '../berth.ts'
import { Clients } from '../clients.ts'
import { freePort } from '../free-port.ts'
import { unpackableImage, writeLayout } from '../oci-layout.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { IdentityProvider } from './identity-provider.ts'
import { TokenFiles } from './token-settings.ts'

const refused = /authentication required|denied|unauthorized|invalid username\/password/
const insecure = '--tls-verify=false'

describe.each(['all-in-one', 'split'] as const)('with a token server of its own, as %s,', (topology) => {
  let folder: string
  let provider: IdentityProvider
  let berth: RegistryProcess
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-t-'))
    provider = await IdentityProvider.start()
    const files = await TokenFiles.write(folder, provider)
    const port = await freePort()
    const settings = {
      ...files.settings(topology === 'split' ? `http://127.0.0.1:${port}/token/keys` : undefined),
      log: { level: 'debug', accesslog: { disabled: false } },
    }
    berth = await startBerth({ folder, port, settings, topology })
  })
  afterAll(async () => {
    await berth.stop()
    provider.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** One person's skopeo and podman, with an image, and whatever they are logged in with. */
  async function person() {
    // Short: podman wants no path of more than 50 characters.
    const home = await mkdtemp(join(folder, 'h'))
    const clients = await Clients.in(home)
    const authfile = `--authfile=${join(home, 'auth.json')}`
    const layout = join(home, 'layout')
    const image = unpackableImage(home)
    await writeLayout(layout, 'v1', image)
    const at = (name: string) => `${berth.host}/${name}`
    const run = {
      skopeo: (...args: readonly string[]) => clients.skopeo(...args),
      podman: await clients.withStore('podman'),
    }
    return {
      image,
      home,
      at,
      authfile,
      ...run,
      logIn: (program: 'skopeo' | 'podman', user: string, password: string) =>
        run[program]('login', insecure, authfile, '-u', user, '-p', password, berth.host),
      push: (name: string) =>
        clients.skopeo('copy', '--dest-tls-verify=false', authfile, `oci:${layout}:v1`, `docker://${at(name)}`),
      tags: async (name: string) => {
        const listed = await clients.skopeo('list-tags', insecure, authfile, `docker://${at(name)}`)
        return (JSON.parse(listed) as { Tags: string[] }).Tags
      },
      pull: (name: string) =>
        clients.skopeo(
          'copy',
          '--src-tls-verify=false',
          authfile,
          `docker://${at(name)}`,
          `dir:${join(home, name.replaceAll(/\W/g, '-'))}`,
        ),
    }
  }

  it('skopeo logs in, pushes, pulls and deletes', async () => {
    const { at, authfile, home, image, logIn, pull, push, skopeo } = await person()
    expect(await logIn('skopeo', frodo.name, frodo.password)).toContain('Login Succeeded')
    await push('shire/skopeo:v1')
    await pull('shire/skopeo:v1')
    expect(await readFile(join(home, 'shire-skopeo-v1/manifest.json'))).toEqual(image.manifest.bytes)
    await skopeo('delete', insecure, authfile, `docker://${at('shire/skopeo:v1')}`)
    await expect(pull('shire/skopeo:v1')).rejects.toThrow(/manifest unknown/)
  })

  it('podman logs in, pulls and pushes', async () => {
    const { at, authfile, logIn, podman, pull, push } = await person()
    expect(await logIn('podman', frodo.name, frodo.password)).toContain('Login Succeeded')
    await push('shire/podman:v1')
    const id = await podman('pull', '-q', insecure, authfile, at('shire/podman:v1'))
    await podman('push', '-q', insecure, authfile, id, `docker://${at('shire/pushed-by-podman:v1')}`)
    await pull('shire/pushed-by-podman:v1')
  })

  it('nobody logs in with a wrong password', async () => {
    const { logIn } = await person()
    await expect(logIn('skopeo', frodo.name, 'wrong')).rejects.toThrow(refused)
    await expect(logIn('podman', 'sauron', 'ring')).rejects.toThrow(refused)
  })

  it('whoever is logged in has what the policy says, and nothing more', async () => {
    const owner = await person()
    await owner.logIn('skopeo', frodo.name, frodo.password)
    await owner.push('shire/mine:v1')
    const other = await person()
    await other.logIn('skopeo', mishil.name, mishil.password)
    await expect(other.pull('shire/mine:v1')).rejects.toThrow(refused)
    await expect(other.push('shire/mine:v1')).rejects.toThrow(refused)
    await expect(owner.push('elsewhere/mine:v1')).rejects.toThrow(refused)
  })

  it('anybody pulls what is public, logged in or not, and nobody else pushes it', async () => {
    const owner = await person()
    await owner.logIn('skopeo', frodo.name, frodo.password)
    await owner.push('shire/public/app:v1')
    const nobody = await person()
    await nobody.pull('shire/public/app:v1')
    await nobody.podman('pull', '-q', insecure, nobody.at('shire/public/app:v1'))
    await expect(nobody.push('shire/public/app:v1')).rejects.toThrow(refused)
    const other = await person()
    await other.logIn('podman', mishil.name, mishil.password)
    await other.pull('shire/public/app:v1')
    await expect(other.push('shire/public/app:v1')).rejects.toThrow(refused)
  })

  it('a ServiceAccount pushes to the repositories of its namespace, and nowhere else', async () => {
    const builder = await person()
    await builder.logIn('skopeo', 'kubernetes', provider.serviceAccountToken('team-a'))
    await builder.push('ci/team-a/app:v1')
    await builder.push('ci/team-a/deep/app:v1')
    await builder.pull('ci/team-a/app:v1')
    const names = ['ci/team-b/app', 'ci/team-a', 'ci/team-a-b/app', 'ci/app', 'team-a/app', 'shire/app', 'public/app']
    for (const name of names) await expect(builder.push(`${name}:v1`)).rejects.toThrow(refused)
    const other = await person()
    await other.logIn('podman', 'kubernetes', provider.serviceAccountToken('team-b'))
    await expect(other.pull('ci/team-a/app:v1')).rejects.toThrow(refused)
  })

  it.each(['team-a/app', '*', '**', '..', '', 'team-a/../team-b', '{namespace}', 'TEAM-A', '.*'])(
    'a namespace of %j is good for nothing',
    async (namespace) => {
      const builder = await person()
      await builder.logIn('skopeo', 'kubernetes', provider.serviceAccountToken(namespace))
      for (const name of ['ci/team-a/app', 'ci/app', `ci/team-b/app`])
        await expect(builder.push(`${name}:v1`)).rejects.toThrow(refused)
    },
  )

  it.each([
    ['for another registry', { aud: ['another'] }],
    ['of another cluster', { iss: 'https://another.example' }],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 120 }],
  ])('nobody logs in with a token %s', async (_, claims) => {
    const { logIn } = await person()
    await expect(logIn('skopeo', 'kubernetes', provider.serviceAccountToken('team-a', claims))).rejects.toThrow(refused)
  })

  it('a cluster may sign with another key at any time', async () => {
    const builder = await person()
    provider.rotate()
    await builder.logIn('skopeo', 'kubernetes', provider.serviceAccountToken('team-c'))
    await builder.push('ci/team-c/app:v1')
    expect(await builder.tags('ci/team-c/app')).toEqual(['v1'])
  })

  it('a job exchanges its token for a registry’s', async () => {
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: provider.serviceAccountToken('team-d'),
      scope: 'repository:ci/team-d/app:pull,push repository:ci/team-e/app:pull,push',
    })
    const answer = await fetch(`http://${berth.host}/token`, { method: 'POST', body })
    expect(answer.status).toBe(200)
    const { access_token: token, scope } = (await answer.json()) as { access_token: string; scope: string }
    expect(scope).toBe('repository:ci/team-d/app:pull,push')
    const start = (name: string) =>
      fetch(`http://${berth.host}/v2/${name}/blobs/uploads/`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
      })
    expect((await start('ci/team-d/app')).status).toBe(202)
    expect((await start('ci/team-e/app')).status).toBe(401)
  })

  it('no log has a password or a token in it, whatever was asked', async () => {
    const { logIn } = await person()
    await logIn('skopeo', frodo.name, frodo.password)
    await expect(logIn('skopeo', frodo.name, 'a-wrong-one')).rejects.toThrow(refused)
    const mistaken = await fetch(`http://${berth.host}/token`, {
      headers: { Authorization: `Basic ${Buffer.from('a-secret-for-a-name:x').toString('base64')}` },
    })
    expect(mistaken.status).toBe(401)
    const told = berth.output()
    expect(told).toContain('token refused')
    expect(told).toContain(`"user":"${frodo.name}"`)
    const secrets = [frodo.password, mishil.password, 'a-wrong-one', 'a-secret-for-a-name', 'eyJ']
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([])
  })
})
