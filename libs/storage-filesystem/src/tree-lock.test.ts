import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
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

  /** @throws Error with what the child threw */
  async function holdInChild(mode: 'exclusive' | 'shared'): Promise<ChildProcess> {
    const script = `
      const { TreeLock } = await import(${JSON.stringify(new URL('tree-lock.ts', import.meta.url).href)})
      process.on('message', () => {})
      try {
        await TreeLock.acquire(${JSON.stringify(root)}, { owner: 'child', mode: '${mode}' })
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
