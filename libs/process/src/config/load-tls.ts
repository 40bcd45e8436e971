import { createSecureContext } from 'node:tls'
import type { TlsConfig } from './config.ts'
import { ConfigError, type Problem } from './problems.ts'

/** Node's options of a TLS server: PEM texts, not paths. */
export interface ServerTls {
  readonly cert: string
  readonly key: string
  readonly ca?: readonly string[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly ciphers: string
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
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
  const tls = {
    cert: read('certificate', config.certificateFile),
    key: read('key', config.keyFile),
    ca: config.clientCaFiles.map((file, index) => read(`clientcas[${index}]`, file)),
    minVersion: config.minimumVersion,
    ciphers: config.ciphers,
  }
  if (problems.length > 0) throw new ConfigError('http.tls', problems)
  try {
    createSecureContext(tls)
  } catch (error) {
    const message = `the certificate, its key or the CAs cannot be used: ${reasonOf(error)}`
    throw new ConfigError('http.tls', [{ path: 'http.tls', message }])
  }
  const { ca, ...rest } = tls
  return {
    ...rest,
    // An empty list would mean that no CA is trusted, none that all of the system's are.
    ...(ca.length > 0 && { ca }),
    requestCert: config.clientAuth !== 'none',
    rejectUnauthorized: config.clientAuth === 'require-and-verify-client-cert',
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
