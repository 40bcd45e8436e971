import { cipherList } from '../values/cipher-suites.ts'
import { loadTls, type ServerTls } from './load-tls.ts'
import type { Findings } from '../problems.ts'
import type { http } from '../schema/http.ts'
import type { ValueOf } from '../schema/node.ts'

/** TLS of the API, with what its files hold. @returns `undefined`: there is none, or a problem */
export function toTls(
  read: ValueOf<typeof http>['tls'],
  readFile: (path: string) => string,
  findings: Findings,
): ServerTls | undefined {
  const { certificate, keyFile } = read
  const clientCaFiles = read.clientCas
  if (read.clientAuth !== undefined && clientCaFiles.length === 0) {
    findings.problem('http.tls.clientauth', 'needs http.tls.clientcas')
  }
  if (!certificate && !keyFile) {
    // A server without TLS would accept clients without certificates.
    if (clientCaFiles.length > 0) findings.problem('http.tls.clientcas', 'needs http.tls.certificate and http.tls.key')
    return undefined
  }
  if (!certificate || !keyFile) {
    const missing = certificate ? 'key' : 'certificate'
    findings.problem(`http.tls.${missing}`, 'is required: TLS needs a certificate and its key')
    return undefined
  }
  const files = {
    certificateFile: certificate,
    keyFile,
    clientCaFiles,
    clientAuth: clientCaFiles.length > 0 ? (read.clientAuth ?? 'require-and-verify-client-cert') : 'none',
    minimumVersion: read.minimumTls,
    ciphers: cipherList(read.cipherSuites),
  } as const
  return loadTls(files, readFile, findings)
}
