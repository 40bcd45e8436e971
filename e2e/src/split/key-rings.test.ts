import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeConfiguration, type Settings } from '../configuration.ts'
import { blobNamed } from '../flow-player/content.ts'
import { type Answer, locationOf, Wire } from '../flow-player/wire.ts'
import { freePort } from '../free-port.ts'
import { type RegistryProcess, startRegistry } from '../registry-process.ts'
import { Deployment } from './deployment.ts'

const node = fileURLToPath(new URL('../../../apps/blob-upload/src/main.ts', import.meta.url))
const keys = {
  first: { id: 'first', secret: 'the key that has signed so far' },
  second: { id: 'second', secret: 'the key that is to sign from now on' },
  foreign: { id: 'first', secret: 'a key of another registry' },
}
const ringOf = (signing: object, ...verifying: readonly object[]): Settings => ({
  uploads: { keys: [{ ...signing, use: 'sign' }, ...verifying.map((key) => ({ ...key, use: 'verify' }))] },
})
const blob = blobNamed('rings', 300_000)

let deployment: Deployment
const running: RegistryProcess[] = []
const wires: Wire[] = []
let gateway: Wire
let foreign: Wire

beforeAll(async () => {
  deployment = await Deployment.start(ringOf(keys.first, keys.second))
  gateway = wireTo(deployment.host)
  foreign = await startNode(ringOf(keys.foreign))
})

afterAll(async () => {
  for (const wire of wires) wire.close()
  for (const each of running) await each.kill()
  await deployment.close()
})

describe('a state token that a node cannot vouch for', () => {
  const requests = [
    { method: 'GET', query: {} },
    { method: 'PATCH', query: {}, body: blob.bytes },
    { method: 'PATCH', query: {}, body: blob.bytes, headers: { 'Content-Range': `0-${blob.size - 1}` } },
    { method: 'PUT', query: { digest: blob.digest }, body: blob.bytes },
    { method: 'PUT', query: { digest: blob.digest } },
    { method: 'DELETE', query: {} },
  ]

  it.each([
    { what: 'of a node with another ring', forge: (token: URL) => token, at: () => foreign },
    { what: 'with a byte changed', forge: (token: URL) => withState(token, tampered), at: () => gateway },
    { what: 'with other claims', forge: (token: URL) => withState(token, withOtherOffset), at: () => gateway },
    { what: 'cut off', forge: (token: URL) => withState(token, (state) => state.slice(0, -7)), at: () => gateway },
    { what: 'that is none', forge: (token: URL) => withState(token, () => 'x'), at: () => gateway },
    { what: 'that is not there', forge: (token: URL) => withState(token, () => ''), at: () => gateway },
    { what: 'of another repository', forge: ofAnotherRepository, at: () => gateway },
    { what: 'of another upload', forge: ofAnotherUpload, at: () => gateway },
  ])('$what: 404 BLOB_UPLOAD_INVALID, whatever is asked, and the upload goes on', async ({ forge, at }) => {
    const started = await startUpload(gateway)
    const forged = await forge(locationOf(started))
    for (const { method, ...sending } of requests) {
      const refused = await at().send(method, forged.pathname + forged.search, sending)
      expect({ method, ...summaryOf(refused) }).toEqual({ method, status: 404, codes: ['BLOB_UPLOAD_INVALID'] })
    }
    expect(await finish(gateway, locationOf(started))).toBe(201)
  })
})

it('an upload that ended is unknown to all nodes: 404 BLOB_UPLOAD_UNKNOWN', async () => {
  const location = locationOf(await startUpload(gateway))
  expect((await gateway.send('DELETE', location)).status).toBe(204)
  for (const { http } of await deployment.blobNodes()) {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const refused = await wireTo(http).send(method, location.pathname + location.search)
      expect({ method, ...summaryOf(refused) }).toEqual({ method, status: 404, codes: ['BLOB_UPLOAD_UNKNOWN'] })
    }
  }
})

describe('while a key is replaced', () => {
  it('nodes that sign with the old key and nodes that sign with the new one continue the uploads of each other', async () => {
    const renewed = await startNode(ringOf(keys.second, keys.first))
    expect(await finish(renewed, locationOf(await startUpload(gateway)))).toBe(201)
    expect(await finish(gateway, locationOf(await startUpload(renewed)))).toBe(201)
  })

  it('nodes without the old key continue what was begun with the new one, and refuse what was not', async () => {
    const renewed = await startNode(ringOf(keys.second, keys.first))
    const last = await startNode(ringOf(keys.second))
    expect(await finish(last, locationOf(await startUpload(renewed)))).toBe(201)
    const { pathname, search } = locationOf(await startUpload(gateway))
    const refused = await last.send('PATCH', pathname + search, { body: blob.bytes })
    expect(summaryOf(refused)).toEqual({ status: 404, codes: ['BLOB_UPLOAD_INVALID'] })
  })
})

/** Starts another blob node on the deployment's tree. */
async function startNode(settings: Settings): Promise<Wire> {
  const port = await freePort()
  const rpc = await freePort()
  const file = await writeConfiguration(deployment.folder, port, {
    ...settings,
    storage: { cache: { blobdescriptor: 'none' } },
    http: { addr: `127.0.0.1:${port}`, debug: { addr: 'off' } },
    rpc: { listen: `127.0.0.1:${rpc}` },
  })
  running.push(await startRegistry({ command: process.execPath, args: [node, '--config', file], port }))
  return wireTo(`127.0.0.1:${port}`)
}

function wireTo(host: string): Wire {
  const wire = new Wire(host, {})
  wires.push(wire)
  return wire
}

async function startUpload(wire: Wire, repository = 'rings'): Promise<Answer> {
  const started = await wire.send('POST', `/v2/${repository}/blobs/uploads/`)
  expect(started.status).toBe(202)
  return started
}

/** Sends a blob in two requests to whom the upload is new. @returns how it ends */
async function finish(wire: Wire, { pathname, search }: URL): Promise<number> {
  const middle = 100_000
  const patched = await wire.send('PATCH', pathname + search, { body: blob.bytes.subarray(0, middle) })
  if (patched.status !== 202) return patched.status
  const put = await wire.send('PUT', locationOf(patched, { digest: blob.digest }), {
    body: blob.bytes.subarray(middle),
  })
  return put.status
}

function summaryOf({ status, body }: Answer): { status: number; codes: readonly string[] } {
  const { errors } = JSON.parse(body.toString()) as { errors: readonly { code: string }[] }
  return { status, codes: errors.map(({ code }) => code) }
}

function withState(location: URL, change: (state: string) => string): URL {
  const changed = new URL(location)
  changed.searchParams.set('_state', change(location.searchParams.get('_state') ?? ''))
  return changed
}

function tampered(state: string): string {
  const token = Buffer.from(state, 'base64url')
  token.writeUInt8(token.readUInt8(5) ^ 1, 5)
  return token.toString('base64url')
}

/** The signature of one claim under another: as if more had been received. */
function withOtherOffset(state: string): string {
  const token = Buffer.from(state, 'base64url')
  const claims = token.toString('utf8', 32).replace(' 0 ', ' 9 ')
  return Buffer.concat([token.subarray(0, 32), Buffer.from(claims)]).toString('base64url')
}

function ofAnotherRepository(location: URL): URL {
  const elsewhere = new URL(location)
  elsewhere.pathname = location.pathname.replace('/rings/', '/rings/other/')
  return elsewhere
}

async function ofAnotherUpload(location: URL): Promise<URL> {
  const other = locationOf(await startUpload(gateway)).searchParams.get('_state') ?? ''
  return withState(location, () => other)
}
