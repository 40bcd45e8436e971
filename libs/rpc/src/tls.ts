import { createSecureContext } from 'node:tls'
import { ConfigError, type Problem } from '@berth/process'

/** What TLS needs of a server of calls, as texts and not as paths. */
export interface RpcServerTls {
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: string
  /** Who may sign the certificates that clients must show, PEM; where there are none, clients need no certificate. */
  readonly clientCas: readonly string[]
}

/** What TLS needs of a client of calls. */
export interface RpcClientTls {
  /** Who may sign the servers' certificates, PEM; where there are none, those that Node trusts. */
  readonly cas: readonly string[]
  /** What it shows to servers that ask, PEM. */
  readonly cert?: string
  readonly key?: string
}

/** Where a process has its certificate, with which it serves and calls, and the CAs of the others'. */
export interface RpcTlsFiles {
  readonly certificateFile: string
  readonly keyFile: string
  readonly clientCaFiles: readonly string[]
}

/**
 * Reads what TLS needs, so that a certificate that cannot be used is known before anything listens.
 *
 * @throws ConfigError with every file that cannot be read, or with what TLS says to their content
 */
export function loadRpcTls(
  files: RpcTlsFiles,
  readFile: (path: string) => string,
): { readonly server: RpcServerTls; readonly client: RpcClientTls } {
  const problems: Problem[] = []
  const read = (key: string, file: string): string => {
    try {
      return readFile(file)
    } catch (error) {
      problems.push({ path: `rpc.tls.${key}`, message: `cannot be read: ${reasonOf(error)}` })
      return ''
    }
  }
  const cert = read('certificate', files.certificateFile)
  const key = read('key', files.keyFile)
  const cas = files.clientCaFiles.map((file, index) => read(`clientcas[${index}]`, file))
  if (problems.length > 0) throw new ConfigError('rpc.tls', problems)
  try {
    createSecureContext({ cert, key, ca: cas })
  } catch (error) {
    const message = `the certificate, its key or the CAs cannot be used: ${reasonOf(error)}`
    throw new ConfigError('rpc.tls', [{ path: 'rpc.tls', message }])
  }
  return { server: { cert, key, clientCas: cas }, client: { cert, key, cas } }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
