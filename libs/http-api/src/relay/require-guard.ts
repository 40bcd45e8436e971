import { type ServerConnection, ServerFailure } from '@berth/http-client'

/** A node that lets anybody in: whatever is relayed to it would be decided by nobody. */
export class UnguardedNode extends ServerFailure {
  override readonly name = 'UnguardedNode'
}

/**
 * Asks a node for what nobody may have without credentials: only one that decides who may says 401.
 *
 * @param path to be asked for, such as `/v2/`
 * @throws UnguardedNode it says anything else
 * @throws ServerFailure it cannot be told
 */
export async function requireGuard(
  connection: ServerConnection,
  node: string,
  path: string,
  timeoutMs: number,
): Promise<void> {
  const head = `HEAD ${path} HTTP/1.1\r\nHost: ${node}\r\nUser-Agent: berth-gateway\r\n\r\n`
  connection.begin(head, { stallTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs })
  connection.sent()
  const { status } = await connection.nextHead()
  if (status === 503) throw new ServerFailure('a blob node is not available')
  if (status !== 401) throw new UnguardedNode(`a blob node has no auth: it answers nobody with ${status}, and not 401`)
  if (!connection.isReusable) throw new ServerFailure('a blob node went away')
}
