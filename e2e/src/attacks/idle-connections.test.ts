import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AttackedRegistry } from './attacked-registry.ts'

describe('a registry whose client opens connections and sends nothing', () => {
  it('goes on serving others, and closes the idle connections after the stall timeout', async () => {
    const registry = await AttackedRegistry.start()
    try {
      const sockets = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect({ port: registry.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
          await once(socket, 'connect')
          return socket
        }),
      )
      await registry.normalClient.finishes(2)
      await Promise.all(sockets.map(async (socket) => socket.closed || once(socket.resume(), 'close')))
      await registry.isFreeAgain()
      expect(sockets.every(({ closed }) => closed)).toBe(true)
    } finally {
      await registry.close()
    }
  })
})
