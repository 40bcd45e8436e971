import { rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keptLog, temporaryDirectory } from './test-files.ts'
import { WatchedFile } from './watched-file.ts'

async function watched(text: string) {
  const directory = await temporaryDirectory(onTestFinished)
  const path = join(directory, 'file')
  await writeFile(path, text)
  const log = keptLog()
  const file = WatchedFile.open<{ readonly number: number }>({ path, parse: parseNumber, log })
  const failures = () => log.lines.filter(({ level }) => level === 'error')
  return { directory, path, file, log, failures }
}

function parseNumber(text: string): { readonly number: number } {
  const number = Number(text)
  if (Number.isNaN(number)) throw new Error('no number')
  return { number }
}

describe('a watched file', () => {
  it('is the same value for as long as it says the same', async () => {
    const { file, path } = await watched('1')
    const { value } = file
    await writeFile(path, '1')
    expect(file.value).toBe(value)
  })

  it('is read again as soon as it is written, however quickly that is done', async () => {
    const { file, path } = await watched('0')
    for (let number = 1; number < 10; number++) {
      await writeFile(path, String(number))
      expect(file.value.number).toBe(number)
    }
  })

  it('is read again where it becomes older', async () => {
    const { file, path } = await watched('1')
    await writeFile(path, '2')
    await utimes(path, 1, 1)
    expect(file.value.number).toBe(2)
  })

  it('is read again where another takes its place', async () => {
    const { directory, file, path } = await watched('1')
    await writeFile(join(directory, 'next'), '2')
    await rename(join(directory, 'next'), path)
    expect(file.value.number).toBe(2)
  })

  it('is read again where a link leads elsewhere, as Kubernetes has it', async () => {
    const { directory, log, path } = await watched('1')
    const target = join(directory, 'target')
    await rm(path)
    await writeFile(target, '2')
    await symlink(target, path)
    const file = WatchedFile.open({ path, parse: parseNumber, log })
    await writeFile(join(directory, 'next'), '3')
    await rm(path)
    await symlink(join(directory, 'next'), path)
    expect(file.value.number).toBe(3)
  })

  it('counts as it was where it is broken, which is told once', async () => {
    const { failures, file, path } = await watched('1')
    await writeFile(path, 'x')
    expect([file.value.number, file.value.number]).toEqual([1, 1])
    expect(failures()).toMatchObject([{ fields: { path } }])
    await writeFile(path, '2')
    expect(file.value.number).toBe(2)
  })

  it('is unavailable while it is not there, which is told once', async () => {
    const { failures, file, path } = await watched('1')
    await rm(path)
    expect(() => file.value).toThrow('service unavailable')
    expect(() => file.value).toThrow('service unavailable')
    expect(failures()).toHaveLength(1)
    await writeFile(path, '2')
    expect(file.value.number).toBe(2)
  })

  it('cannot be opened where it is not there, or broken', async () => {
    const { directory, log, path } = await watched('1')
    await writeFile(path, 'x')
    expect(() => WatchedFile.open({ path, parse: parseNumber, log })).toThrow('no number')
    expect(() => WatchedFile.open({ path: join(directory, 'none'), parse: parseNumber, log })).toThrow('ENOENT')
  })
})
