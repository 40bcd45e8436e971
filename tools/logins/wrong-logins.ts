import { setTimeout } from 'node:timers/promises'
import { Wire } from '../../e2e/src/flow-player/wire.ts'
import { basic } from '../../e2e/src/access/htpasswd.ts'

/** Where wrong logins come from: one address, or as many as there are logins. */
export type Sources = 'one address' | 'many addresses'

export interface WrongLogins {
  readonly host: string
  readonly perMinute: number
  readonly seconds: number
  readonly sources: Sources
  readonly name: string
}

/** How often they were answered with which status. */
export type Statuses = Readonly<Record<string, number>>

const connections = 600
/** For those that are still waiting when all are sent; later ones count as unanswered. */
const graceMs = 20_000

/** Tries one password after the other at a steady pace, whatever the answers. Meant for a process of its own. */
export async function tryPasswords({ host, perMinute, seconds, sources, name }: WrongLogins): Promise<Statuses> {
  const wires = Array.from({ length: connections }, () => new Wire(host, {}))
  const statuses: Record<string, number> = {}
  const count = ({ status }: { readonly status: number | string }): void =>
    void (statuses[status] = (statuses[status] ?? 0) + 1)
  const total = Math.round((perMinute * seconds) / 60)
  const startMs = performance.now()
  const answered: Promise<void>[] = []
  for (let sent = 0; sent < total; sent++) {
    const waitMs = startMs + (sent * 60_000) / perMinute - performance.now()
    if (waitMs > 0) await setTimeout(waitMs)
    const from =
      sources === 'many addresses' ? { 'X-Forwarded-For': `10.${sent >> 16}.${(sent >> 8) & 255}.${sent & 255}` } : {}
    const headers = { Authorization: basic({ name, password: `guess ${sent}` }), ...from }
    const wire = wires[sent % connections] as Wire
    answered.push(wire.send('GET', '/v2/', { headers }).then(count, () => count({ status: 'failed' })))
  }
  const grace = new AbortController()
  const late = setTimeout(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)
  await Promise.race([Promise.all(answered), late])
  grace.abort()
  const unanswered = total - Object.values(statuses).reduce((sum, each) => sum + each, 0)
  if (unanswered > 0) statuses['unanswered'] = unanswered
  for (const wire of wires) wire.close()
  return { ...statuses }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  process.once('message', (logins: WrongLogins) => {
    void tryPasswords(logins).then((statuses) => {
      process.send?.(statuses)
      process.disconnect()
    })
  })
  process.send('ready')
}
