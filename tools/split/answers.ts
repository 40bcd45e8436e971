import { once } from 'node:events'
import { connect, type NetConnectOpts } from 'node:net'

/** Whether something listens there. */
export async function accepts(address: NetConnectOpts): Promise<boolean> {
  const socket = connect(address)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Whether a service says that it is ready, on its debug listener. */
export async function isReady(debugPort: number): Promise<boolean> {
  try {
    const { ok } = await fetch(`http://127.0.0.1:${debugPort}/readyz`, { signal: AbortSignal.timeout(2000) })
    return ok
  } catch {
    return false
  }
}
