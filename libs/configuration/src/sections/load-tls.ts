import type { ClientAuth } from '../values/client-auth.ts'
import { PemFiles } from '../sources/pem-files.ts'
import type { Findings } from '../problems.ts'
import { Secret } from '../values/secret.ts'

/** The files and settings of TLS. */
export interface TlsFiles {
  readonly certificateFile: string
  readonly keyFile: string
  readonly clientCaFiles: readonly string[]
  /** How client certificates are requested; `none` without `clientCaFiles`. */
  readonly clientAuth: ClientAuth
  readonly minimumVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers: string
}

/** The content of the TLS files, and the files themselves, to be read again. */
export interface ServerTls {
  readonly files: TlsFiles
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: Secret
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers: string
  /** CAs of client certificates, PEM. */
  readonly clientCas: readonly string[]
  /** How client certificates are requested. */
  readonly clientAuth: ClientAuth
}

/**
 * Reads the files of TLS. A file that cannot be read, or whose content TLS refuses, is a problem.
 *
 * @returns `undefined` where there is a problem
 */
export function loadTls(
  files: TlsFiles,
  readFile: (path: string) => string,
  findings: Findings,
): ServerTls | undefined {
  const { minimumVersion: minVersion, ciphers, clientAuth } = files
  const pem = new PemFiles('http.tls', readFile, findings)
  const cert = pem.read('certificate', files.certificateFile)
  const key = pem.read('key', files.keyFile)
  const clientCas = files.clientCaFiles.map((file, index) => pem.read(`clientcas[${index}]`, file))
  if (!pem.areUsable({ cert, key, cas: clientCas }, { minVersion, ciphers })) return undefined
  return { files, cert, key: new Secret(key), minVersion, ciphers, clientCas, clientAuth }
}
