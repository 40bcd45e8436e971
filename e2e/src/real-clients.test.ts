import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from './berth.ts'
import { Clients } from './clients.ts'
import { mediaTypes } from './flow-player/content.ts'
import { unpackableImage, writeIndexLayout, writeLayout } from './oci-layout.ts'
import type { RegistryProcess } from './registry-process.ts'

let folder: string
let berth: RegistryProcess
let clients: Clients

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-clients-'))
  clients = await Clients.in(folder)
  berth = await startBerth({ folder })
})

afterAll(async () => {
  await berth.stop()
  await rm(folder, { recursive: true, force: true })
})

const at = (name: string): string => `${berth.host}/${name}`
const remote = (name: string): string => `docker://${at(name)}`
const inspect = (...args: readonly string[]): Promise<string> =>
  clients.skopeo('inspect', '--tls-verify=false', ...args)

/** The manifest and blobs of a layout or a directory that a client wrote, by file name. */
async function contentsOf(path: string): Promise<Map<string, string>> {
  const names = (await readdir(path)).toSorted()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'hex')] as const)))
}

/** Pushes an image that nothing else uses. */
async function push(name: string, ...options: readonly string[]) {
  const image = unpackableImage(name)
  const layout = await mkdtemp(join(folder, 'layout-'))
  await writeLayout(layout, 'v1', image)
  await clients.copy(`oci:${layout}:v1`, remote(`${name}:v1`), ...options)
  return { image, layout }
}

describe('skopeo', () => {
  it('copies a layout in and out again, byte for byte', async () => {
    const { layout } = await push('skopeo/layout')
    const back = join(folder, 'layout-back')

    await clients.copy(remote('skopeo/layout:v1'), `oci:${back}:v1`)

    expect(await contentsOf(join(back, 'blobs/sha256'))).toEqual(await contentsOf(join(layout, 'blobs/sha256')))
  })

  it('copies all of an index in and out again, byte for byte', async () => {
    const layout = join(folder, 'index')
    const images = { amd64: unpackableImage('index', 'amd64'), arm64: unpackableImage('index', 'arm64') }
    const index = await writeIndexLayout(layout, 'v1', images)
    const back = join(folder, 'index-back')

    await clients.copy(`oci:${layout}:v1`, remote('skopeo/index:v1'), '--all')
    await clients.copy(remote('skopeo/index:v1'), `oci:${back}:v1`, '--all')

    expect(await inspect('--raw', remote('skopeo/index:v1'))).toBe(index.bytes.toString())
    expect(await contentsOf(join(back, 'blobs/sha256'))).toEqual(await contentsOf(join(layout, 'blobs/sha256')))
  })

  it('takes one platform out of an index', async () => {
    const layout = join(folder, 'platforms')
    const images = { amd64: unpackableImage('platforms', 'amd64'), arm64: unpackableImage('platforms', 'arm64') }
    await writeIndexLayout(layout, 'v1', images)
    await clients.copy(`oci:${layout}:v1`, remote('skopeo/platforms:v1'), '--all')
    const out = join(folder, 'platforms-out')

    const from = ['--src-tls-verify=false', remote('skopeo/platforms:v1')]
    await clients.skopeo('--override-arch', 'arm64', 'copy', ...from, `dir:${out}`)

    expect(await readFile(join(out, 'manifest.json'))).toEqual(images.arm64.manifest.bytes)
  })

  it.each([
    { format: 'v2s2', mediaType: mediaTypes.dockerManifest },
    { format: 'oci', mediaType: mediaTypes.manifest },
  ])('pushes as $format, and pulls what it pushed into a directory', async ({ format, mediaType }) => {
    const name = `skopeo/format-${format}`
    await push(name, '--format', format)
    const out = join(folder, `format-${format}`)

    await clients.copy(remote(`${name}:v1`), `dir:${out}`)

    const raw = await inspect('--raw', remote(`${name}:v1`))
    expect(JSON.parse(raw)).toMatchObject({ mediaType })
    expect(await readFile(join(out, 'manifest.json'), 'utf8')).toBe(raw)
  })

  it('copies a directory in', async () => {
    await push('skopeo/directory', '--format', 'v2s2')
    const out = join(folder, 'directory')
    await clients.copy(remote('skopeo/directory:v1'), `dir:${out}`)

    await clients.copy(`dir:${out}`, remote('skopeo/directory-again:v1'))

    expect(await inspect('--raw', remote('skopeo/directory-again:v1'))).toBe(
      await readFile(join(out, 'manifest.json'), 'utf8'),
    )
  })

  it('converts from one format to the other between two repositories', async () => {
    await push('skopeo/convert', '--format', 'v2s2')

    await clients.copy(remote('skopeo/convert:v1'), remote('skopeo/converted:v1'), '--format', 'oci')

    expect(JSON.parse(await inspect('--raw', remote('skopeo/converted:v1')))).toMatchObject({
      mediaType: mediaTypes.manifest,
    })
  })

  it('copies from one repository to another, byte for byte', async () => {
    const { image } = await push('skopeo/source')

    await clients.copy(remote('skopeo/source:v1'), remote('skopeo/target:v1'), '--preserve-digests')

    expect(await inspect('--raw', remote('skopeo/target:v1'))).toBe(image.manifest.bytes.toString())
  })

  it('pulls by digest', async () => {
    const { image } = await push('skopeo/by-digest')
    const out = join(folder, 'by-digest')
    await clients.copy(remote(`skopeo/by-digest@${image.manifest.digest}`), `dir:${out}`)
    expect(await readFile(join(out, 'manifest.json'))).toEqual(image.manifest.bytes)
  })

  it('inspects an image', async () => {
    const { image } = await push('skopeo/inspect')
    expect(JSON.parse(await inspect(remote('skopeo/inspect:v1')))).toMatchObject({
      Name: at('skopeo/inspect'),
      Digest: image.manifest.digest,
      RepoTags: ['v1'],
      Labels: { name: 'skopeo/inspect' },
      Layers: image.layers.map(({ digest }) => digest),
    })
  })

  it('lists tags', async () => {
    const { layout } = await push('skopeo/tags')
    for (const tag of ['v10', 'v2', 'latest']) await clients.copy(`oci:${layout}:v1`, remote(`skopeo/tags:${tag}`))
    const listed = await clients.skopeo('list-tags', '--tls-verify=false', remote('skopeo/tags'))
    expect(JSON.parse(listed)).toMatchObject({ Tags: ['latest', 'v1', 'v10', 'v2'] })
  })

  it('deletes an image, after which it is not to be found', async () => {
    await push('skopeo/delete')
    await clients.skopeo('delete', '--tls-verify=false', remote('skopeo/delete:v1'))
    await expect(inspect(remote('skopeo/delete:v1'))).rejects.toThrow('manifest unknown')
  })
})

describe('podman', () => {
  it('pulls an image, pushes it under another name, and another podman pulls that by digest', async () => {
    const { image } = await push('podman/image')
    const podman = await clients.withStore('podman')
    const other = await clients.withStore('podman')
    const digestFile = join(folder, 'podman-digest')

    const id = await podman('pull', '-q', '--tls-verify=false', at('podman/image:v1'))
    await podman('push', '-q', '--tls-verify=false', '--digestfile', digestFile, id, remote('podman/again:v2'))
    const digest = await readFile(digestFile, 'utf8')
    const again = await other('pull', '-q', '--tls-verify=false', at(`podman/again@${digest}`))

    expect(`sha256:${id}`).toBe(image.config.digest)
    expect(again).toBe(id)
  })

  it('builds an image and pushes it as a Docker one', async () => {
    const podman = await clients.withStore('podman')
    const context = join(folder, 'context')
    await mkdir(context)
    await writeFile(join(context, 'hello'), 'hello')
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY hello /\nLABEL name=built\n')

    await podman('build', '-q', '--format', 'docker', '-t', at('podman/built:v1'), context)
    await podman('push', '-q', '--tls-verify=false', at('podman/built:v1'))

    expect(JSON.parse(await inspect(remote('podman/built:v1')))).toMatchObject({ Labels: { name: 'built' } })
    expect(JSON.parse(await inspect('--raw', remote('podman/built:v1')))).toMatchObject({
      mediaType: mediaTypes.dockerManifest,
    })
  })
})

describe('buildah', () => {
  it('commits a container, pushes it, and another buildah pulls it', async () => {
    const buildah = await clients.withStore('buildah')
    const other = await clients.withStore('buildah')
    await writeFile(join(folder, 'greeting'), 'hello')

    const container = await buildah('from', 'scratch')
    await buildah('copy', '-q', container, join(folder, 'greeting'), '/')
    const id = await buildah('commit', '-q', container, at('buildah/image:v1'))
    await buildah('push', '-q', '--tls-verify=false', at('buildah/image:v1'))

    expect(await other('pull', '-q', '--tls-verify=false', at('buildah/image:v1'))).toBe(id)
  })

  it('makes a manifest list of pushed images and pushes all of it', async () => {
    const buildah = await clients.withStore('buildah')
    const { image } = await push('buildah/member')
    const list = await buildah('manifest', 'create', 'list')
    await buildah('manifest', 'add', '--tls-verify=false', list, remote('buildah/member:v1'))

    await buildah('manifest', 'push', '-q', '--all', '--tls-verify=false', list, remote('buildah/list:v1'))

    expect(JSON.parse(await inspect('--raw', remote('buildah/list:v1')))).toMatchObject({
      manifests: [{ digest: image.manifest.digest, platform: { architecture: 'amd64' } }],
    })
  })
})
