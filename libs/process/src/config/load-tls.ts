import { createSecureContext } from 'node:tls'
import type { ClientAuth, TlsConfig } from './config.ts'
import { ConfigError, type Problem } from './problems.ts'

/** What TLS needs, as texts and not as paths. */
export interface ServerTls {
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers: string
  /** Who may sign the certificates of clients, PEM. */
  readonly clientCas: readonly string[]
  /** What is asked of clients. */
  readonly clientAuth: ClientAuth
}

/**
 * Reads what TLS needs, so that a certificate that cannot be used is known before anything listens.
 *
 * @throws ConfigError with every file that cannot be read, or with what TLS says to their content
 */
export function loadTls(config: TlsConfig, readFile: (path: string) => string): ServerTls {
  const problems: Problem[] = []
  const read = (key: string, file: string): string => {
    try {
      const text = readFile(file)
      if (text.trim() === '') problems.push({ path: `http.tls.${key}`, message: `${file} is empty` })
      return text
    } catch (error) {
      problems.push({ path: `http.tls.${key}`, message: `cannot be read: ${reasonOf(error)}` })
      return ''
    }
  }
  const tls: ServerTls = {
    cert: read('certificate', config.certificateFile),
    key: read('key', config.keyFile),
    minVersion: config.minimumVersion,
    ciphers: config.ciphers,
    clientCas: config.clientCaFiles.map((file, index) => read(`clientcas[${index}]`, file)),
    clientAuth: config.clientAuth,
  }
  if (problems.length > 0) throw new ConfigError('http.tls', problems)
  try {
    const { clientCas, clientAuth: _, ...context } = tls
    createSecureContext({ ...context, ca: [...clientCas] })
  } catch (error) {
    const message = `the certificate, its key or the CAs cannot be used: ${reasonOf(error)}`
    throw new ConfigError('http.tls', [{ path: 'http.tls', message }])
  }
  return tls
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
