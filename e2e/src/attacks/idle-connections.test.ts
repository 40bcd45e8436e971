import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
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

  it.each([
    ['one address', ['127.0.0.2']],
    ['several addresses', ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6']],
  ])(
    'goes on serving others and has files for its storage, where there are more than it may open, from %s',
    async (_, addresses) => {
      const openFiles = 256
      const registry = await AttackedRegistry.start({ openFiles })
      const sockets = new Set<Socket>()
      const open = (localAddress: string): void => {
        const socket = connect({ port: registry.port, host: '127.0.0.1', localAddress })
        sockets.add(socket)
        socket.on('error', () => undefined).resume()
        // The attacker has as many at any time, whatever becomes of them.
        socket.once('close', () => {
          if (sockets.delete(socket) && !isOver) setTimeout(open, 10, localAddress)
        })
      }
      let isOver = false
      try {
        for (let at = 0; at < 2 * openFiles; at++) open(addresses[at % addresses.length] as string)
        await registry.normalClient.finishes(3)
        isOver = true
        for (const socket of sockets) socket.destroy()
        await registry.isFreeAgain()
        expect(registry.output()).not.toContain('EMFILE')
      } finally {
        isOver = true
        for (const socket of sockets) socket.destroy()
        await registry.close()
      }
    },
  )
})
