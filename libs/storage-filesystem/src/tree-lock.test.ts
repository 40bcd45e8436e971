import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from './driver-under-test.ts'
import { TreeLock } from './tree-lock.ts'

const exclusive = { owner: 'test', mode: 'exclusive' } as const
const shared = { owner: 'test', mode: 'shared' } as const

describe('TreeLock', () => {
  let root: string
  let children: ChildProcess[]

  beforeEach(async () => {
    root = await makeTemporaryDirectory()
    children = []
  })

  afterEach(async () => {
    await Promise.all(children.map(end))
    await rm(root, { recursive: true })
  })

  it('is refused while it is held, with a message that says by whom', async () => {
    const lock = await TreeLock.acquire(root, { owner: 'all-in-one', mode: 'exclusive', since: new Date(0) })
    const second = TreeLock.acquire(root, exclusive)
    await expect(second).rejects.toThrow(`is in use by all-in-one, process ${process.pid} on `)
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('since 1970-01-01T00:00:00.000Z')
    lock.close()
  })

  it('is free again once it is closed, which may be done twice', async () => {
    const lock = await TreeLock.acquire(root, exclusive)
    lock.close()
    lock.close()
    const again = await TreeLock.acquire(root, exclusive)
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by test')
    again.close()
  })

  it('is still held after somebody was refused', async () => {
    const lock = await TreeLock.acquire(root, exclusive)
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by')
    await expect(TreeLock.acquire(root, shared)).rejects.toThrow('is in use by')
    await expect(holdInChild('exclusive')).rejects.toThrow(`is in use by test, process ${process.pid} on `)
    lock.close()
  })

  it('is held by one of two trees at a time', async () => {
    const lock = await TreeLock.acquire(`${root}/one`, exclusive)
    const other = await TreeLock.acquire(`${root}/two`, exclusive)
    lock.close()
    other.close()
    expect(other).not.toBe(lock)
  })

  it('is refused while another process holds it, and free when that is killed', async () => {
    const child = await holdInChild('exclusive')
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow(`is in use by child, process ${child.pid} on `)
    await end(child)
    const lock = await TreeLock.acquire(root, exclusive)
    lock.close()
    expect(child.signalCode).toBe('SIGKILL')
  })

  it('is shared with other processes, and not exclusive meanwhile', async () => {
    const child = await holdInChild('shared')
    const lock = await TreeLock.acquire(root, shared)
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by')
    lock.close()
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by')
    await end(child)
    const alone = await TreeLock.acquire(root, exclusive)
    await expect(TreeLock.acquire(root, shared)).rejects.toThrow('is in use by test')
    alone.close()
  })

  describe('on a file system without locks', () => {
    /** As SQLite says it: ENOLCK is a file that is busy, ENOTSUP a call that failed. */
    const codes = { ENOLCK: 5, ENOTSUP: 3850 } as const

    const failing = (code: keyof typeof codes) => (): never => {
      throw Object.assign(new Error('database is locked'), { errcode: codes[code] })
    }
    const locks = failing('ENOLCK')
    const leases = async (): Promise<readonly string[]> =>
      (await readdir(`${root}/berth/v1`)).filter((name) => /^lock\.(exclusive|shared)/.test(name))

    it.each(['ENOLCK', 'ENOTSUP'] as const)(
      'a file takes the place of the lock, which is not certain (%s)',
      async (code) => {
        const told: string[] = []
        const log = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void told.push(message) }
        const lock = await TreeLock.acquire(root, { ...exclusive, locks: failing(code), log })
        expect(lock.isCertain).toBe(false)
        expect(told).toEqual([expect.stringContaining('the file system has no locks')])
        const refused = TreeLock.acquire(root, { ...exclusive, locks })
        await expect(refused).rejects.toThrow(`is in use by test, process ${process.pid} on `)
        await expect(TreeLock.acquire(root, { ...shared, locks })).rejects.toThrow('is in use by test')
        lock.close()
        lock.close()
        expect(await leases()).toEqual([])
      },
    )

    it('is not said to have none while another process holds the lock', async () => {
      const lock = await TreeLock.acquire(root, exclusive)
      expect(lock.isCertain).toBe(true)
      await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by')
      expect(await leases()).toEqual([])
      lock.close()
    })

    it('is shared by many, and not exclusive meanwhile', async () => {
      const one = await TreeLock.acquire(root, { ...shared, locks })
      const two = await TreeLock.acquire(root, { ...shared, locks })
      await expect(TreeLock.acquire(root, { ...exclusive, locks })).rejects.toThrow('is in use by')
      one.close()
      await expect(TreeLock.acquire(root, { ...exclusive, locks })).rejects.toThrow('is in use by')
      two.close()
      const alone = await TreeLock.acquire(root, { ...exclusive, locks })
      alone.close()
    })

    it('is free at once when the process that held it was killed', async () => {
      const child = await holdInChild('exclusive', 5)
      const refused = TreeLock.acquire(root, { ...exclusive, locks })
      await expect(refused).rejects.toThrow(`is in use by child, process ${child.pid} on `)
      await end(child)
      const lock = await TreeLock.acquire(root, { ...exclusive, locks })
      expect(lock.isCertain).toBe(false)
      lock.close()
    })

    /** A lease of a process that cannot be seen from here. */
    const leaseFromElsewhere = async (sinceSignMs: number): Promise<void> => {
      const path = `${root}/berth/v1/lock.exclusive`
      await mkdir(`${root}/berth/v1`, { recursive: true })
      const holder = {
        id: 'x',
        owner: 'elsewhere',
        mode: 'exclusive',
        pid: 1,
        host: 'other',
        processes: 'another boot',
      }
      await writeFile(path, JSON.stringify(holder))
      const lastSign = new Date(Date.now() - sinceSignMs)
      await utimes(path, lastSign, lastSign)
    }

    it('is held by a process that cannot be seen for a minute after its last sign', async () => {
      await leaseFromElsewhere(50_000)
      await expect(TreeLock.acquire(root, { ...exclusive, locks })).rejects.toThrow('in use by elsewhere')
    })

    it('is free once a process that cannot be seen has given no sign for a minute', async () => {
      await leaseFromElsewhere(70_000)
      const lock = await TreeLock.acquire(root, { ...exclusive, locks })
      expect(await leases()).toEqual(['lock.exclusive'])
      lock.close()
    })
  })

  it('leaves its files to nobody else, and takes others from those of earlier versions', async () => {
    await mkdir(`${root}/berth/v1`, { recursive: true, mode: 0o755 })
    await writeFile(`${root}/berth/v1/lock`, '', { mode: 0o644 })
    const lock = await TreeLock.acquire(root, exclusive)
    for (const name of ['lock', 'lock.owner']) {
      expect([name, (await stat(`${root}/berth/v1/${name}`)).mode & 0o777]).toEqual([name, 0o600])
    }
    await expect(TreeLock.acquire(root, exclusive)).rejects.toThrow('is in use by')
    lock.close()
  })

  /** @throws Error with what the child threw */
  async function holdInChild(mode: 'exclusive' | 'shared', errcode?: number): Promise<ChildProcess> {
    const locks = errcode && `locks: () => { throw Object.assign(new Error(''), { errcode: ${errcode} }) }`
    const script = `
      const { TreeLock } = await import(${JSON.stringify(new URL('tree-lock.ts', import.meta.url).href)})
      process.on('message', () => {})
      try {
        await TreeLock.acquire(${JSON.stringify(root)}, { owner: 'child', mode: '${mode}', ${locks ?? ''} })
        process.send('')
      } catch (error) {
        process.send(error.message)
      }`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    const [message] = (await once(child, 'message')) as [string]
    if (message !== '') throw new Error(message)
    return child
  }
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
