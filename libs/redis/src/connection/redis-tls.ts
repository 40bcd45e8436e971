import { createSecureContext } from 'node:tls'
import { ConfigError, type Problem, type RedisConfig } from '@berth/process'

/** What TLS needs, as texts and not as paths. */
export interface RedisTls {
  /** This client's own. */
  readonly cert?: string
  readonly key?: string
  /** Who may sign the server's certificate, one after another; absent: whoever the system trusts. */
  readonly ca?: string
}

/**
 * Reads what TLS needs, so that a file that cannot be used is known before anything is connected.
 *
 * @throws ConfigError with every file that cannot be read, or with what TLS says to their content
 */
export function loadRedisTls(config: RedisConfig, readFile: (path: string) => string): RedisTls | undefined {
  if (config.tls === undefined) return undefined
  const { certificateFile, keyFile, caFiles } = config.tls
  const problems: Problem[] = []
  const read = (file: string): string => {
    try {
      return readFile(file)
    } catch (error) {
      problems.push({ path: 'redis.tls', message: `${file} cannot be read: ${reasonOf(error)}` })
      return ''
    }
  }
  const tls: RedisTls = {
    ...(certificateFile && { cert: read(certificateFile) }),
    ...(keyFile && { key: read(keyFile) }),
    ...(caFiles.length > 0 && { ca: caFiles.map(read).join('\n') }),
  }
  if (problems.length === 0) {
    try {
      createSecureContext(tls)
    } catch (error) {
      problems.push({ path: 'redis.tls', message: reasonOf(error) })
    }
  }
  if (problems.length > 0) throw new ConfigError('TLS', problems)
  return tls
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
