import { createSecureContext } from 'node:tls'
import type { ClientAuth } from './config.ts'
import type { Findings } from './problems.ts'
import { Secret } from './secret.ts'

/** Where TLS is read from, and how it is spoken. */
export interface TlsFiles {
  readonly certificateFile: string
  readonly keyFile: string
  readonly clientCaFiles: readonly string[]
  /** What is asked of clients; nothing without `clientCaFiles`. */
  readonly clientAuth: ClientAuth
  readonly minimumVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers: string
}

/** What TLS needs, as texts and not as paths. */
export interface ServerTls {
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: Secret
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers: string
  /** Who may sign the certificates of clients, PEM. */
  readonly clientCas: readonly string[]
  /** What is asked of clients. */
  readonly clientAuth: ClientAuth
}

/**
 * Reads what TLS needs. Every file that cannot be read is a problem, and so is what TLS says to their content.
 *
 * @returns `undefined` where there is a problem
 */
export function loadTls(
  files: TlsFiles,
  readFile: (path: string) => string,
  findings: Findings,
): ServerTls | undefined {
  let isComplete = true
  const read = (key: string, file: string): string => {
    const text = readOrReport(`http.tls.${key}`, file, readFile, findings)
    isComplete &&= text !== undefined
    return text ?? ''
  }
  const cert = read('certificate', files.certificateFile)
  const key = read('key', files.keyFile)
  const clientCas = files.clientCaFiles.map((file, index) => read(`clientcas[${index}]`, file))
  if (!isComplete) return undefined
  const { minimumVersion: minVersion, ciphers, clientAuth } = files
  try {
    createSecureContext({ cert, key, minVersion, ciphers, ca: clientCas })
  } catch (error) {
    findings.problem('http.tls', `the certificate, its key or the CAs cannot be used: ${reasonOf(error)}`)
    return undefined
  }
  return { cert, key: new Secret(key), minVersion, ciphers, clientCas, clientAuth }
}

function readOrReport(
  path: string,
  file: string,
  readFile: (path: string) => string,
  findings: Findings,
): string | undefined {
  try {
    const text = readFile(file)
    if (text.trim() !== '') return text
    findings.problem(path, `${file} is empty`)
  } catch (error) {
    findings.problem(path, `cannot be read: ${reasonOf(error)}`)
  }
  return undefined
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
