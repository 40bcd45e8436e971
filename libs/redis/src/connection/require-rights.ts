import { randomUUID } from 'node:crypto'
import type { RedisConfig } from '@berth/process'
import type { RedisClient } from './clients.ts'

/** Does what the cache needs: scripts that write, remove and publish. Leaves nothing. */
const probe = `
redis.call('SET', KEYS[1], '1', 'PX', 10000)
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], '')`

/**
 * Sees that a connection may do all that Berth does, as whom it is configured to: a client library goes on where the
 * server refuses a password because it needs none, and a replica that takes no writes, or a user of too few rights, shows
 * only when it is used.
 *
 * @throws Error that says what is refused
 */
export async function requireRights(client: RedisClient, { username, password }: RedisConfig): Promise<void> {
  // A cluster's nodes each have a connection, whose commands fail where it is refused.
  if ('auth' in client && !client.isCluster && password !== undefined) {
    await (username ? client.auth(username, password.reveal()) : client.auth(password.reveal()))
  }
  await client.eval(probe, 1, `berth:probe:${randomUUID()}`, 'berth:probe')
}

/** Whether the server has answered, and said no. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Whether the server has no database of the number that is configured. The library would go on with another. */
export function isRefusedDatabase(error: unknown): boolean {
  return isRefusal(error) && 'command' in error && (error.command as { name?: unknown }).name === 'select'
}
