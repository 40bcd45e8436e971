import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, locationOf, Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'

const mebibyte = 1024 * 1024
const attacker = '127.0.0.2'

let registry: AttackedRegistry
let wires: Wire[]

beforeEach(async () => {
  registry = await AttackedRegistry.start()
  wires = []
})

afterEach(async () => {
  leave()
  await registry.close()
})

/** Closes the attacker's connections. */
function leave(): void {
  for (const wire of wires) wire.close()
}

/** A connection of the attacker's. */
function connect(): Wire {
  const wire = new Wire(registry.host, {}, attacker)
  wires.push(wire)
  return wire
}

const startUpload = (wire: Wire): Promise<Answer> => wire.send('POST', '/v2/attacked/blobs/uploads/')

describe('a registry whose client sends chunks of one byte', () => {
  const uploads = 4
  const chunks = 750

  it('goes on serving others, and keeps few parts and a small checkpoint of each upload', async () => {
    const others = registry.normalClient.finishes(2)
    const sizes = await Promise.all(Array.from({ length: uploads }, () => pushTinyChunks(connect())))
    await others
    for (const { parts, largestFile } of sizes) {
      expect(parts).toBeLessThan(20)
      expect(largestFile).toBeLessThan(8 * 1024)
    }
    leave()
    await registry.isFreeAgain()
  })

  /** @returns what the upload has in storage after the last chunk, before it is completed */
  async function pushTinyChunks(wire: Wire): Promise<{ parts: number; largestFile: number }> {
    let at = await startUpload(wire)
    const id = String(at.headers['docker-upload-uuid'])
    for (let start = 0; start < chunks; start++) {
      const headers = { 'Content-Range': `${start}-${start}` }
      at = await wire.send('PATCH', locationOf(at), { headers, body: Buffer.from('x') })
      expect(at.status).toBe(202)
    }
    const files = await filesOf(id)
    const digest = `sha256:${createHash('sha256').update('x'.repeat(chunks)).digest('hex')}`
    expect((await wire.send('PUT', locationOf(at, { digest }))).status).toBe(201)
    return { parts: files.filter(({ name }) => name.startsWith('part.')).length, largestFile: largestOf(files) }
  }

  /** The files of an upload, wherever below the registry's folder they are. */
  async function filesOf(id: string): Promise<readonly { name: string; size: number }[]> {
    const all = await readdir(registry.folder, { recursive: true, withFileTypes: true })
    const own = all.filter((entry) => entry.isFile() && entry.parentPath.includes(id))
    return Promise.all(
      own.map(async ({ name, parentPath }) => ({ name, size: (await stat(join(parentPath, name))).size })),
    )
  }

  const largestOf = (files: readonly { size: number }[]): number => Math.max(...files.map(({ size }) => size))
})

describe('a registry whose client asks twenty times at once for what needs a whole upload to be hashed', () => {
  const size = 256 * mebibyte

  it.each([
    {
      name: 'a PATCH of one byte',
      send: (wire: Wire, at: Answer) => wire.send('PATCH', locationOf(at), { body: Buffer.from('x') }),
      answers: [202, ...Array.from({ length: 19 }, () => 416)],
    },
    {
      name: 'a PUT with a digest of another algorithm',
      send: (wire: Wire, at: Answer) => wire.send('PUT', locationOf(at, { digest: `sha512:${'0'.repeat(128)}` })),
      answers: Array.from({ length: 20 }, () => 400),
    },
  ])('goes on serving others, and reads the upload once ($name)', async ({ send, answers }) => {
    const wire = connect()
    const piece = Buffer.alloc(mebibyte)
    const pieces = Array.from({ length: size / mebibyte }, () => piece)
    const at = await wire.send('PATCH', locationOf(await startUpload(wire)), { pieces })
    expect(at.status).toBe(202)

    const before = await bytesRead()
    const others = registry.normalClient.finishes(1)
    const received = await Promise.all(Array.from({ length: 20 }, () => send(connect(), at)))
    expect(received.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual(answers)
    await others
    // The normal client's bytes are few beside those of a second read.
    expect(await bytesRead()).toBeLessThan(before + 1.5 * size)
    leave()
    await registry.isFreeAgain()
  })

  /** All bytes that the registry's processes have read, from files and elsewhere. */
  async function bytesRead(): Promise<number> {
    const counts = (await registry.processes()).map(async (pid) =>
      Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]),
    )
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }
})
