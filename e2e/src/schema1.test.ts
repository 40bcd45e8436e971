import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from './berth.ts'
import { Clients } from './clients.ts'
import { startDockerRegistry } from './docker-registry.ts'
import { contentOf, descriptorOf, jsonOf, mediaTypes } from './flow-player/content.ts'
import { pushManifest } from './flow-player/registry.ts'
import { type Answer, Wire } from './flow-player/wire.ts'
import { type LayoutImage, unpackableImage, writeLayout } from './oci-layout.ts'
import type { RegistryProcess } from './registry-process.ts'
import { SeededRandom } from './seeded-random.ts'

const signedType = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
const schema1Types = `${signedType}, application/vnd.docker.distribution.manifest.v1+json`
const emptyLayer = 'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4'
/** Made by libtrust, with the id that it gave it. */
const signingKey = {
  crv: 'P-256',
  d: 'mKu-YGe8oZS0jjs_Ws-RA7I5huDas4Z8W-sQkyaP2Gg',
  kid: 'OB4Y:TSDN:2I6L:YQ2B:LH3V:BD73:VC5W:G27C:UHSX:BMJE:2YB7:XBO6',
  kty: 'EC',
  x: 'wMbHjDqZ4CRu4HDrbYrgO5_xBBuaScK4QywY__IpPaA',
  y: 'HGXn9i2_r6dtbY4myxgbtm25egaP58ePJ8RA2Wl_ViU',
}

let folder: string
let clients: Clients

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-schema1-'))
  clients = await Clients.in(folder)
  await writeFile(join(folder, 'key.json'), JSON.stringify(signingKey))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

type Start = typeof startBerth

/** Runs a registry on the one tree for as long as `use` takes. */
async function running<T>(start: Start, use: (registry: RegistryProcess, wire: Wire) => Promise<T>): Promise<T> {
  const schema1 = { enabled: true, signingkeyfile: join(folder, 'key.json') }
  const registry = await start({ folder, settings: { compatibility: { schema1 } } })
  const wire = new Wire(registry.host, {})
  try {
    return await use(registry, wire)
  } finally {
    wire.close()
    await registry.stop()
  }
}

/** An image whose history has steps that made no layer, as those of most images have. */
function imageWithEmptySteps(name: string): LayoutImage {
  const image = unpackableImage(name)
  const config = JSON.parse(image.config.bytes.toString()) as { history: readonly object[] }
  const [first, ...others] = config.history
  const empty = (step: string) => ({ created: '2020-01-01T00:00:01.5Z', created_by: step, empty_layer: true })
  const changed = jsonOf({
    ...config,
    history: [first, empty('ENV a=<b> &\b\f\t\u0001\u007f\u2028\u{1f600}'), ...others, empty('CMD ["a"]')],
  })
  const manifest = { ...(JSON.parse(image.manifest.bytes.toString()) as object) }
  const own = descriptorOf(mediaTypes.config, changed)
  return { ...image, config: changed, manifest: jsonOf({ ...manifest, config: own }) }
}

async function layoutOf(image: LayoutImage): Promise<string> {
  const layout = await mkdtemp(join(folder, 'layout-'))
  await writeLayout(layout, 'v1', image)
  return `oci:${layout}:v1`
}

const get = (wire: Wire, name: string, reference: string, accept: string): Promise<Answer> =>
  wire.send('GET', `/v2/${name}/manifests/${reference}`, { headers: { Accept: accept } })

interface Signature {
  readonly header: { readonly jwk: JsonWebKey; readonly alg: string }
  readonly signature: string
  readonly protected: string
}

interface Region {
  readonly formatLength: number
  readonly formatTail: string
}

/** The payload of a signed manifest, which its only signature, by the configured key, is found to be of; by nothing of Berth's. */
function payloadOf({ body }: Answer): Buffer {
  const { signatures } = JSON.parse(body.toString()) as { signatures: readonly Signature[] }
  expect(signatures).toHaveLength(1)
  const [{ header, signature, protected: region }] = signatures as [Signature]
  const { formatLength, formatTail } = JSON.parse(Buffer.from(region, 'base64url').toString()) as Region
  const payload = Buffer.concat([body.subarray(0, formatLength), Buffer.from(formatTail, 'base64url')])
  const signed = Buffer.from(`${region}.${payload.toString('base64url')}`)
  const by = { key: createPublicKey({ key: header.jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
  expect(header.jwk['kid']).toBe(signingKey.kid)
  expect([header.alg, verify('sha256', signed, by, Buffer.from(signature, 'base64url'))]).toEqual(['ES256', true])
  return payload
}

/** Asks for a manifest as old clients do, and makes sure that it is what its headers say. */
async function getSigned(wire: Wire, name: string, reference: string): Promise<{ payload: string; digest: string }> {
  const answer = await get(wire, name, reference, schema1Types)
  const payload = payloadOf(answer)
  const { digest } = contentOf(payload)
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'content-type': signedType, 'docker-content-digest': digest, etag: `"${digest}"` },
  })
  return { payload: payload.toString(), digest }
}

describe('skopeo', () => {
  it('pushes schema1, and copies its layers out again', async () => {
    const image = imageWithEmptySteps('pushed')
    const out = await mkdtemp(join(folder, 'out-'))
    await running(startBerth, async ({ host }, wire) => {
      await clients.copy(await layoutOf(image), `docker://${host}/pushed:v1`, '--format', 'v2s1')
      await getSigned(wire, 'pushed', 'v1')
      await clients.copy(`docker://${host}/pushed:v1`, `oci:${out}:v1`)
    })
    const read = async (digest: string) => readFile(join(out, 'blobs', digest.replace(':', '/')))
    const { manifests } = JSON.parse(await readFile(join(out, 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[]
    }
    const { layers } = JSON.parse((await read(manifests[0]?.digest ?? '')).toString()) as {
      layers: readonly { digest: string }[]
    }
    expect(layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ digest }) => digest))
    for (const { digest, bytes } of image.layers) expect(await read(digest)).toEqual(bytes)
  })
})

describe('what one registry stores as schema1', () => {
  it.each([
    ['Distribution', 'Berth', startDockerRegistry, startBerth],
    ['Berth', 'Distribution', startBerth, startDockerRegistry],
  ] as const)('%s, the other gives: %s', async (by, _, first, second) => {
    const name = `stored-by-${by.toLowerCase()}`
    const image = await layoutOf(imageWithEmptySteps(name))
    const stored = await running(first, async ({ host }, wire) => {
      await clients.copy(image, `docker://${host}/${name}:v1`, '--format', 'v2s1')
      return getSigned(wire, name, 'v1')
    })
    await running(second, async (_registry, wire) => {
      expect(await getSigned(wire, name, 'v1')).toEqual(stored)
      expect(await getSigned(wire, name, stored.digest)).toEqual(stored)
    })
  })
})

describe('a client that reads schema1 alone', () => {
  it('is given a schema2 image, by tag, with the digest that Distribution gives it', async () => {
    const image = await layoutOf(imageWithEmptySteps('converted'))
    const ours = await running(startBerth, async ({ host }, wire) => {
      await clients.copy(image, `docker://${host}/converted:v1`, '--format', 'v2s2')
      const own = await get(wire, 'converted', 'v1', mediaTypes.dockerManifest)
      expect(own.headers['content-type']).toBe(mediaTypes.dockerManifest)
      const found = await getSigned(wire, 'converted', 'v1')
      expect(JSON.parse(found.payload)).toMatchObject({ name: 'converted', tag: 'v1', architecture: 'amd64' })
      expect((await wire.send('GET', `/v2/converted/blobs/${emptyLayer}`)).body).toHaveLength(32)
      const byDigest = await get(wire, 'converted', String(own.headers['docker-content-digest']), schema1Types)
      expect(byDigest.body).toEqual(own.body)
      return found
    })
    const theirs = await running(startDockerRegistry, (_, wire) => getSigned(wire, 'converted', 'v1'))
    expect(theirs).toEqual(ours)
  })

  it('is given the image for linux on amd64 of a manifest list, as Distribution gives it', async () => {
    const ours = await running(startBerth, async ({ host }, wire) => {
      const platforms = ['arm64', 'amd64'].map(async (architecture) => {
        const image = await layoutOf(unpackableImage('list', architecture))
        await clients.copy(image, `docker://${host}/list:${architecture}`, '--format', 'v2s2')
        const { body } = await get(wire, 'list', architecture, mediaTypes.dockerManifest)
        const descriptor = descriptorOf(mediaTypes.dockerManifest, contentOf(body))
        return { ...descriptor, platform: { architecture, os: 'linux' } }
      })
      const manifests = await Promise.all(platforms)
      const list = jsonOf({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests })
      await pushManifest(wire, 'list', 'v1', mediaTypes.dockerList, list)
      const image = await get(wire, 'list', 'v1', mediaTypes.dockerManifest)
      expect(image.headers['docker-content-digest']).toBe(manifests[1]?.digest)
      const found = await getSigned(wire, 'list', 'v1')
      expect(JSON.parse(found.payload)).toMatchObject({ name: 'list', tag: 'v1', architecture: 'amd64' })
      return found
    })
    expect(await running(startDockerRegistry, (_, wire) => getSigned(wire, 'list', 'v1'))).toEqual(ours)
  })
})

describe('a signed manifest', () => {
  it('is refused with a reason when any byte of it is another', async () => {
    const random = new SeededRandom(7)
    await running(startBerth, async ({ host }, wire) => {
      await clients.copy(await layoutOf(unpackableImage('flipped')), `docker://${host}/flipped:v1`, '--format', 'v2s1')
      const { body } = await get(wire, 'flipped', 'v1', schema1Types)
      const put = (content: Buffer): Promise<Answer> =>
        wire.send('PUT', '/v2/flipped/manifests/v2', { headers: { 'Content-Type': signedType }, body: content })
      expect((await put(body)).status).toBe(201)
      for (let count = 0; count < 200; count += 1) {
        const flipped = Buffer.from(body)
        const at = random.between(0, body.length)
        flipped[at] = (flipped[at] as number) ^ (1 << random.between(0, 8))
        const answer = await put(flipped)
        const { errors } = JSON.parse(answer.body.toString()) as {
          errors: readonly { code: string; detail: unknown }[]
        }
        expect(answer.status, `byte ${at}`).toBe(400)
        expect(errors).toMatchObject([
          {
            code: expect.stringMatching(/^MANIFEST_(INVALID|UNVERIFIED)$/) as string,
            detail: { reason: expect.any(String) as string },
          },
        ])
      }
    })
  })
})
