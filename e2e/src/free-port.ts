import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that systems give to whoever connects: a port from there may be taken before anything listens on it. */
const ports = { first: 20_000, last: 31_999 }

/**
 * A port of loopback that nothing listens on, and that nobody else is given while this process lives: neither it nor
 * another one that asks here. Whatever is to listen on it may end and begin again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.first, ports.last + 1)
    if ((await claim(port)) && (await isFree(port))) return port
  }
}

/** Holds the port of the same number for datagrams, which nobody wants. The system ends that with the process. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  socket.unref()
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(socket, 'listening')
    return true
  } catch {
    socket.close()
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
