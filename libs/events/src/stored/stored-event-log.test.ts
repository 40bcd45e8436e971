import { collect } from '@berth/bytes'
import { MemoryDriver } from '@berth/storage/memory'
import { parseRepositoryName } from '@berth/reference'
import { findStat, layout, type StoragePath } from '@berth/storage'
import { describe, expect, it } from 'vitest'
import type { RegistryEvent } from '../event.ts'
import { describeEventLog, type OpenEventLog } from '../suite/index.ts'
import { StoredEventLog } from './stored-event-log.ts'

const openWith =
  (maxHeldBytes?: number): OpenEventLog =>
  async () => {
    const storage = new MemoryDriver()
    const open = (): Promise<StoredEventLog> =>
      StoredEventLog.open({ storage, ...(maxHeldBytes !== undefined && { maxHeldBytes }) })
    const log = await open()
    return { log, reopen: open, close: () => log.close() }
  }

describeEventLog('in storage', openWith())
describeEventLog('in storage, with memory for two events', openWith(500))

const repository = parseRepositoryName('library/alpine')
const list = { endpoint: 'hook', repository }

function event(id: string): RegistryEvent {
  return {
    id,
    timestamp: '2026-01-01T00:00:00.000Z',
    action: 'push',
    target: { repository },
    request: {},
    actor: {},
    source: { addr: 'registry:5000', instanceID: 'x' },
  }
}

async function names(storage: MemoryDriver, path: StoragePath): Promise<string[]> {
  const found: string[] = []
  if ((await findStat(storage, path)) === undefined) return found
  for await (const { name } of storage.list(path)) found.push(name)
  return found
}

describe('the event log in storage', () => {
  it('writes one file for requests at once, and another for those that come meanwhile', async () => {
    const storage = new MemoryDriver()
    const log = await StoredEventLog.open({ storage })

    await Promise.all(
      Array.from({ length: 8 }, (_, index) => log.append([{ endpoints: ['hook'], event: event(`e${index}`) }])),
    )

    expect(await names(storage, layout.eventJournalRoot)).toHaveLength(1)
    await log.remove(list, 8)
    expect(await names(storage, layout.eventJournalRoot)).toEqual([])
  })

  it('refuses an append after it was closed', async () => {
    const log = await StoredEventLog.open({ storage: new MemoryDriver() })
    await log.close()

    await expect(log.append([{ endpoints: ['hook'], event: event('late') }])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  it('names no record like an earlier one when the clock is set back', async () => {
    const storage = new MemoryDriver()
    let nowMs = 2_000_000
    const open = (): Promise<StoredEventLog> => StoredEventLog.open({ storage, nowMs: () => nowMs })
    await (await open()).append([{ endpoints: ['hook'], event: event('first') }])
    nowMs = 1_000_000
    const log = await open()
    await log.append([{ endpoints: ['hook'], event: event('second') }])

    expect((await log.oldest(list, 10)).map(({ id }) => id)).toEqual(['first', 'second'])
    expect((await (await open()).oldest(list, 10)).map(({ id }) => id)).toEqual(['first', 'second'])
  })

  it('keeps a buried event with its list and the reason', async () => {
    const storage = new MemoryDriver()
    const log = await StoredEventLog.open({ storage })
    await log.append([{ endpoints: ['hook'], event: event('old') }])

    await log.bury(list, 1, 'too old')

    const [name = ''] = await names(storage, layout.deadEventsRoot)
    const { content } = await storage.read(layout.deadEventsPath(name))
    expect(JSON.parse(Buffer.from(await collect(content, Infinity)).toString())).toMatchObject({
      ...list,
      reason: 'too old',
      events: [event('old')],
    })
  })
})
