import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOrMakeSecret } from './tree-secret.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-secret-'))
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

describe('readOrMakeSecret', () => {
  it('makes a secret once, for its owner only, and leaves nothing else behind', async () => {
    const made = await readOrMakeSecret(root)

    expect(made.byteLength).toBe(32)
    expect(await readOrMakeSecret(root)).toEqual(made)
    expect((await stat(join(root, 'berth/v1/secret'))).mode & 0o777).toBe(0o600)
    expect(await readdir(join(root, 'berth/v1'))).toEqual(['secret'])
  })

  it('gives the same to all that make one at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => readOrMakeSecret(root)))
    expect(new Set(secrets.map((each) => Buffer.from(each).toString('hex'))).size).toBe(1)
  })

  it('is made again where a crash left its name only, as on a file system without hard links', async () => {
    await readOrMakeSecret(root)
    await writeFile(join(root, 'berth/v1/secret'), '')
    const made = await readOrMakeSecret(root)
    expect(made.byteLength).toBe(32)
    expect(await readOrMakeSecret(root)).toEqual(made)
  })

  it('refuses one that is damaged', async () => {
    await readOrMakeSecret(root)
    await writeFile(join(root, 'berth/v1/secret'), 'short')
    await expect(readOrMakeSecret(root)).rejects.toThrow('is damaged')
  })
})
