import { accepts } from './answers.ts'
import type { Program } from './service.ts'

/** What each role must be set to: a cache may forget, a queue may not. */
const settings = {
  cache: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru', '--save', '', '--appendonly', 'no'],
  queue: ['--maxmemory-policy', 'noeviction', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
} as const

export type RedisRole = keyof typeof settings

/** A Redis of one role. @param folder where it keeps what it must not forget */
export function redisProgram(role: RedisRole, port: number, folder: string): Program {
  const address = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--loglevel', 'warning']
  return {
    name: `redis-${role}`,
    command: 'redis-server',
    args: [...address, ...settings[role]],
    env: process.env,
    endsWithParent: false,
    // It greets and takes leave as warnings.
    isQuiet: true,
    serves: () => accepts({ host: '127.0.0.1', port }),
  }
}
