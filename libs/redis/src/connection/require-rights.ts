import { randomUUID } from 'node:crypto'
import type { RedisConfig } from '@berth/configuration'
import type { RedisClient } from './clients.ts'

/** How long the probe's key stays if it cannot be removed, in milliseconds. */
const probeLifeMs = 10_000

/**
 * Checks that a connection may do all that Berth does, as the user that is configured: it writes, removes, publishes and
 * loads a script. The client library goes on where the server refuses a password because it needs none; a replica that
 * takes no writes, or a user of too few rights, would show only when it is used.
 *
 * @throws Error that says what is refused
 */
export async function requireRights(client: RedisClient, { username, password }: RedisConfig): Promise<void> {
  // A cluster's nodes each have a connection, whose commands fail where it is refused.
  if ('auth' in client && !client.isCluster && password !== undefined) {
    await (username ? client.auth(username, password.reveal()) : client.auth(password.reveal()))
  }
  const key = `berth:probe:${randomUUID()}`
  await client.psetex(key, probeLifeMs, '')
  await client.del(key)
  await client.publish('berth:probe', '')
  await client.script('LOAD', 'return 1')
}

/** Whether the server has answered, and said no. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Whether the server has no database of the number that is configured. The library would go on with another. */
export function isRefusedDatabase(error: unknown): boolean {
  return isRefusal(error) && 'command' in error && (error.command as { name?: unknown }).name === 'select'
}
