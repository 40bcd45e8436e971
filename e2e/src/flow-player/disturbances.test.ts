import { describe, expect, it } from 'vitest'
import { blobNamed, contentOf, imageNamed, mediaTypes } from './content.ts'
import { pushBlob, pushImage, useRegistry } from './registry.ts'
import { type Answer, locationOf, type Wire } from './wire.ts'

const registry = useRegistry()
const connect = (): Wire => registry.connect({ 'User-Agent': 'any' })
const start = (wire: Wire, repository: string): Promise<Answer> => wire.send('POST', `/v2/${repository}/blobs/uploads/`)
const ranged = (range: string): Record<string, string> => ({
  'Content-Type': 'application/octet-stream',
  'Content-Range': range,
})

function codeOf({ body }: Answer): string | undefined {
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string }[] }
  return errors[0]?.code
}

async function expectBlob(
  wire: Wire,
  repository: string,
  { digest, bytes }: ReturnType<typeof contentOf>,
): Promise<void> {
  const got = await wire.send('GET', `/v2/${repository}/blobs/${digest}`)
  expect(got.status).toBe(200)
  expect(got.body.equals(bytes)).toBe(true)
}

/** Sends part of a body and hangs up; returns when the registry has checkpointed what came. */
async function dropped(wire: Wire, answer: Answer, part: Uint8Array): Promise<Answer> {
  const length = { 'Content-Length': String(part.byteLength + 1) }
  const { outgoing } = wire.open('PATCH', locationOf(answer), { headers: length })
  await new Promise<void>((resolve) => {
    outgoing.write(part, () => resolve())
  })
  outgoing.destroy()
  // Nothing tells a client when the registry has noticed; they ask until it stands still, and so does this.
  for (;;) {
    const status = await wire.send('GET', locationOf(answer))
    if (status.status !== 204 || status.headers.range !== '0-0') return status
  }
}

describe('a connection that is dropped in mid-PATCH', () => {
  it('leaves what came, to be continued', async () => {
    const wire = connect()
    const blob = blobNamed('dropped', 300_000)

    const status = await dropped(wire, await start(wire, 'upset/dropped'), blob.bytes.subarray(0, 200_000))

    expect(status.status).toBe(204)
    const offset = Number(status.headers.range?.slice(2)) + 1
    expect(offset).toBeGreaterThan(1)
    expect(offset).toBeLessThanOrEqual(200_000)
    const patched = await wire.send('PATCH', locationOf(status), { body: blob.bytes.subarray(offset) })
    expect(patched.headers.range).toBe('0-299999')
    const put = await wire.send('PUT', locationOf(patched, { digest: blob.digest }))
    expect(put.status).toBe(201)
    await expectBlob(wire, 'upset/dropped', blob)
  })
})

describe('a PATCH that is sent twice', () => {
  const blob = blobNamed('twice', 4000)

  it('is refused the second time, and the upload goes on where it stands', async () => {
    const wire = connect()
    const started = await start(wire, 'upset/twice')
    const first = await wire.send('PATCH', locationOf(started), { body: blob.bytes.subarray(0, 2000) })
    expect(first.status).toBe(202)

    const second = await wire.send('PATCH', locationOf(started), { body: blob.bytes.subarray(0, 2000) })

    expect(second.status).toBe(416)
    expect(second.headers.range).toBe('0-1999')
    const put = await wire.send('PUT', locationOf(second, { digest: blob.digest }), { body: blob.bytes.subarray(2000) })
    expect(put.status).toBe(201)
    await expectBlob(wire, 'upset/twice', blob)
  })

  it('is published once where both are sent at the same time', async () => {
    const wires = [connect(), connect()]
    const started = await start(connect(), 'upset/race')
    const answers = await Promise.all(
      wires.map((wire) => wire.send('PATCH', locationOf(started), { body: blob.bytes.subarray(0, 2000) })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202, 416]))
    const status = await connect().send('GET', locationOf(started))
    expect(status.headers.range).toBe('0-1999')
  })
})

describe('chunks out of order', () => {
  it('are refused with a fresh Location and Range, and change nothing', async () => {
    const wire = connect()
    const blob = blobNamed('order', 3000)
    const started = await start(wire, 'upset/order')
    const early = await wire.send('PATCH', locationOf(started), {
      headers: ranged('1000-1999'),
      body: blob.bytes.subarray(1000, 2000),
    })
    expect(early.status).toBe(416)
    expect(early.headers.range).toBe('0-0')
    const first = await wire.send('PATCH', locationOf(early), {
      headers: ranged('0-999'),
      body: blob.bytes.subarray(0, 1000),
    })
    expect(first.status).toBe(202)

    const skipped = await wire.send('PUT', locationOf(first, { digest: blob.digest }), {
      headers: ranged('2000-2999'),
      body: blob.bytes.subarray(2000),
    })
    expect(skipped.status).toBe(416)
    expect(skipped.headers.range).toBe('0-999')
    const overlapping = await wire.send('PATCH', locationOf(first), {
      headers: ranged('500-1499'),
      body: blob.bytes.subarray(500, 1500),
    })
    expect(overlapping.status).toBe(416)

    const put = await wire.send('PUT', locationOf(overlapping, { digest: blob.digest }), {
      headers: ranged('1000-2999'),
      body: blob.bytes.subarray(1000),
    })
    expect(put.status).toBe(201)
    await expectBlob(wire, 'upset/order', blob)
  })

  it.each(['2-1', 'nonsense', '0-', 'bytes */4'])('with a range of %j get 416, too', async (range) => {
    const wire = connect()
    const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/ranges')), {
      headers: ranged(range),
      body: Buffer.from('data'),
    })
    expect(patched.status).toBe(416)
    expect(codeOf(patched)).toBe('RANGE_INVALID')
    expect(patched.headers.location).toContain('/v2/upset/ranges/blobs/uploads/')
  })

  it('that are not as long as their range get 400', async () => {
    const wire = connect()
    const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/ranges')), {
      headers: ranged('0-20'),
      body: Buffer.from('short'),
    })
    expect(patched.status).toBe(400)
    expect(codeOf(patched)).toBe('SIZE_INVALID')
  })
})

describe('a PUT with the last chunk', () => {
  it.each([
    ['after a PATCH', {}],
    ['with its range, after a PATCH', ranged('6-10')],
  ])('%s completes the blob', async (title, headers) => {
    const wire = connect()
    const blob = contentOf('hello world')
    const repository = `upset/last/${title.length}`
    const patched = await wire.send('PATCH', locationOf(await start(wire, repository)), { body: Buffer.from('hello ') })
    expect(patched.headers.range).toBe('0-5')
    const put = await wire.send('PUT', locationOf(patched, { digest: blob.digest }), {
      headers,
      body: Buffer.from('world'),
    })
    expect(put.status).toBe(201)
    await expectBlob(wire, repository, blob)
  })
})

describe('a wrong digest', () => {
  it.each([
    ['on a whole blob', false],
    ['after a PATCH', true],
  ])('%s is refused, makes nothing visible, and leaves the upload for the right digest', async (title, patches) => {
    const wire = connect()
    const [claimed, sent] = [blobNamed(`claimed ${title}`, 100), blobNamed(`sent ${title}`, 100)]
    let at = await start(wire, 'upset/digest')
    if (patches) at = await wire.send('PATCH', locationOf(at), { body: sent.bytes })

    const body = patches ? {} : { body: sent.bytes }
    const put = await wire.send('PUT', locationOf(at, { digest: claimed.digest }), body)

    expect(put.status).toBe(400)
    expect(codeOf(put)).toBe('DIGEST_INVALID')
    for (const { digest } of [claimed, sent])
      expect((await wire.send('HEAD', `/v2/upset/digest/blobs/${digest}`)).status).toBe(404)
    expect((await wire.send('GET', locationOf(at))).headers.range).toBe(at.headers.range)
    expect((await wire.send('PUT', locationOf(at, { digest: sent.digest }), body)).status).toBe(201)
    await expectBlob(wire, 'upset/digest', sent)
  })

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one of no known algorithm', 'md5:d41d8cd98f00b204e9800998ecf8427e'],
    ['one that is too short', 'sha256:abc'],
  ])('that is %s leaves the upload as it was', async (_, digest) => {
    const wire = connect()
    const blob = blobNamed('patient', 50)
    const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/syntax')), { body: blob.bytes })

    const refused = await wire.send('PUT', locationOf(patched, digest === undefined ? {} : { digest }))

    expect(refused.status).toBe(400)
    expect(codeOf(refused)).toBe('DIGEST_INVALID')
    expect((await wire.send('PUT', locationOf(patched, { digest: blob.digest }))).status).toBe(201)
  })
})

describe('blobs of every size', () => {
  it('has none of nothing: completed without a body, and after an empty PATCH', async () => {
    const wire = connect()
    const empty = contentOf('')
    const put = await wire.send('PUT', locationOf(await start(wire, 'upset/empty'), { digest: empty.digest }))
    expect(put.status).toBe(201)
    await expectBlob(wire, 'upset/empty', empty)

    const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/empty/two')), { pieces: [] })
    expect(patched.headers.range).toBe('0-0')
    expect((await wire.send('PUT', locationOf(patched, { digest: empty.digest }))).status).toBe(201)
    await expectBlob(wire, 'upset/empty/two', empty)
  })

  it('comes in chunks of one byte', async () => {
    const wire = connect()
    const blob = contentOf('one byte at a time')
    let at = await start(wire, 'upset/bytes')
    for (const [index, byte] of blob.bytes.entries()) {
      at = await wire.send('PATCH', locationOf(at), { headers: ranged(`${index}-${index}`), body: Buffer.of(byte) })
      expect(at.status).toBe(202)
      expect(at.headers.range).toBe(`0-${index}`)
    }
    expect((await wire.send('PUT', locationOf(at, { digest: blob.digest }))).status).toBe(201)
    await expectBlob(wire, 'upset/bytes', blob)
  })

  it('comes whole in a POST', async () => {
    const wire = connect()
    const blob = blobNamed('posted', 5000)
    const posted = await wire.send('POST', `/v2/upset/post/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes })
    expect(posted.status).toBe(201)
    expect(locationOf(posted).pathname).toBe(`/v2/upset/post/blobs/${blob.digest}`)
    await expectBlob(wire, 'upset/post', blob)
  })

  it('is kept under the sha512 that a client names', async () => {
    const wire = connect()
    const blob = contentOf('long digests', 'sha512')
    const started = await wire.send('POST', '/v2/upset/sha512/blobs/uploads/?digest-algorithm=sha512')
    const patched = await wire.send('PATCH', locationOf(started), { body: blob.bytes })
    const put = await wire.send('PUT', locationOf(patched, { digest: blob.digest }))
    expect(put.status).toBe(201)
    expect(put.headers['docker-content-digest']).toBe(blob.digest)
    await expectBlob(wire, 'upset/sha512', blob)
  })
})

describe('two uploads of one digest at once', () => {
  it('both succeed, and there is one blob', async () => {
    const blob = blobNamed('same', 500_000)
    const push = async (wire: Wire): Promise<number> => {
      const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/same')), { body: blob.bytes })
      return (await wire.send('PUT', locationOf(patched, { digest: blob.digest }))).status
    }
    expect(await Promise.all([push(connect()), push(connect())])).toEqual([201, 201])
    await expectBlob(connect(), 'upset/same', blob)
  })

  it('and a PUT that is repeated finds its blob there', async () => {
    const wire = connect()
    const blob = blobNamed('repeated', 100)
    const patched = await wire.send('PATCH', locationOf(await start(wire, 'upset/repeated')), { body: blob.bytes })
    for (const _ of [1, 2])
      expect((await wire.send('PUT', locationOf(patched, { digest: blob.digest }))).status).toBe(201)
    const other = await wire.send('PUT', locationOf(patched, { digest: blobNamed('never pushed', 1).digest }))
    expect(other.status).toBe(404)
    expect(codeOf(other)).toBe('BLOB_UPLOAD_UNKNOWN')
  })
})

describe('what was acknowledged', () => {
  it('is there for the very next request, on another connection', async () => {
    const image = imageNamed('at once')
    for (const blob of [...image.layers, image.config]) {
      await pushBlob(connect(), 'upset/next', blob)
      expect((await connect().send('HEAD', `/v2/upset/next/blobs/${blob.digest}`)).status).toBe(200)
    }
    const put = await connect().send('PUT', '/v2/upset/next/manifests/now', {
      headers: { 'Content-Type': mediaTypes.manifest },
      body: image.manifest.bytes,
    })
    expect(put.status).toBe(201)
    expect((await connect().send('GET', '/v2/upset/next/manifests/now')).body.equals(image.manifest.bytes)).toBe(true)
    const tags = await connect().send('GET', '/v2/upset/next/tags/list')
    expect(JSON.parse(tags.body.toString())).toEqual({ name: 'upset/next', tags: ['now'] })
  })
})

describe('names of the words that paths are made of', () => {
  it.each([
    'a/blobs',
    'a/uploads/b',
    'a/manifests/tags',
    'referrers',
    'a/blobs/uploads',
    'manifests',
    'v2',
    'tags/list',
  ])('%s is a repository like any other', async (repository) => {
    const wire = connect()
    const image = imageNamed(`named ${repository}`)
    await pushImage(wire, repository, 'latest', image)
    const got = await wire.send('GET', `/v2/${repository}/manifests/latest`)
    expect(got.body.equals(image.manifest.bytes)).toBe(true)
    await expectBlob(wire, repository, image.config)
    const tags = await wire.send('GET', `/v2/${repository}/tags/list`)
    expect(JSON.parse(tags.body.toString())).toEqual({ name: repository, tags: ['latest'] })
    const referrers = await wire.send('GET', `/v2/${repository}/referrers/${image.manifest.digest}`)
    expect(referrers.status).toBe(200)
  })

  it.each([
    'sha256',
    'sha256-abc',
    'list',
    'uploads',
    contentOf('x').digest.slice(7),
    contentOf('x').digest.replace(':', '-'),
  ])('%s is a tag like any other', async (tag) => {
    const wire = connect()
    const image = imageNamed('tagged')
    await pushImage(wire, 'upset/tags', tag, image)
    const got = await wire.send('GET', `/v2/upset/tags/manifests/${tag}`)
    expect(got.body.equals(image.manifest.bytes)).toBe(true)
  })

  it('a reference that is nearly a digest is neither', async () => {
    const wire = connect()
    for (const reference of ['sha256:abc', 'sha257:abc', `sha256:${'G'.repeat(64)}`]) {
      const got = await wire.send('GET', `/v2/upset/tags/manifests/${reference}`)
      expect([400, 404]).toContain(got.status)
      const put = await wire.send('PUT', `/v2/upset/tags/manifests/${reference}`, {
        headers: { 'Content-Type': mediaTypes.manifest },
        body: imageNamed('tagged').manifest.bytes,
      })
      expect(put.status).toBe(400)
    }
  })
})
