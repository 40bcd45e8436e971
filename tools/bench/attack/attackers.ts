import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What the attackers do, all at once. */
export const attackKinds = ['pipelined reads', 'slow reads', 'dripping manifests', 'chunks of one byte'] as const

export interface Attackers {
  stop(): Promise<void>
}

/** Starts a process that attacks the registry on a port of loopback, and waits until the attack is on. */
export async function startAttackers(port: number): Promise<Attackers> {
  // A session of its own, as each server and the load have one.
  const program = fileURLToPath(new URL('attack.ts', import.meta.url))
  const child = fork(program, [String(port)], { detached: true })
  const ended = once(child, 'exit')
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
  if (message !== 'attacking') throw new Error('the attackers ended before they attacked')
  return {
    stop: async () => {
      child.disconnect()
      await ended
    },
  }
}
