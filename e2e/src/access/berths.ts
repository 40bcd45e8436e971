import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startBerth } from '../berth.ts'
import { Wire } from '../flow-player/wire.ts'
import { Deployment } from '../split/deployment.ts'
import { TokenAuthority } from './token-authority.ts'

/** Where a client may speak to Berth: all of these decide for themselves. */
export const doors = ['all-in-one', 'a gateway', 'a blob node'] as const

export type Door = (typeof doors)[number]

export interface OpenDoors {
  readonly authority: TokenAuthority
  wire(door: Door): Wire
}

/** Berth in one process, and as services of its own, each with tokens of the same authority. */
export function useDoors(): OpenDoors {
  const wires = new Map<Door, Wire>()
  const closing: (() => Promise<unknown>)[] = []
  let authority: TokenAuthority | undefined
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-doors-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    authority = await TokenAuthority.make(folder)
    const settings = authority.settings()
    const berth = await startBerth({ folder, settings, topology: 'all-in-one' })
    closing.push(() => berth.stop())
    const split = await Deployment.start({ ...settings, http: { debug: { addr: 'off' } } })
    closing.push(() => split.close())
    const [node] = await split.blobNodes()
    wires.set('all-in-one', new Wire(berth.host, {}))
    wires.set('a gateway', new Wire(split.host, {}))
    wires.set('a blob node', new Wire(node?.http ?? '', {}))
  })
  afterAll(async () => {
    for (const wire of wires.values()) wire.close()
    for (const close of closing.toReversed()) await close()
  })
  return {
    get authority() {
      if (authority === undefined) throw new Error('there is no authority yet')
      return authority
    },
    wire(door) {
      const wire = wires.get(door)
      if (wire === undefined) throw new Error(`${door} is not open yet`)
      return wire
    },
  }
}
