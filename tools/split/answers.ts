import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
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
  const signal = AbortSignal.timeout(2000)
  const request = get({ host: '127.0.0.1', port: debugPort, path: '/readyz', agent: false, signal })
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response.statusCode === 200
  } catch {
    return false
  } finally {
    request.destroy()
  }
}
