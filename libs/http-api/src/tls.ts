import { createServer, type Server, type ServerOptions } from 'node:https'
import type { ClientAuth } from '@berth/process'

/** What TLS needs: PEM texts, not paths. */
export interface TlsSettings {
  readonly cert: string
  readonly key: string
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's syntax. */
  readonly ciphers?: string
  /** Who may sign the certificates of clients. */
  readonly clientCas?: readonly string[]
  /** What is asked of clients; nothing by default. */
  readonly clientAuth?: ClientAuth
}

/** A server that answers over TLS, to clients that identify themselves as they should. */
export function createTlsServer(options: ServerOptions, tls: TlsSettings): Server {
  const { cert, key, minVersion = 'TLSv1.2', ciphers, clientCas, clientAuth = 'none' } = tls
  return createServer({
    ...options,
    cert,
    key,
    minVersion,
    ...(ciphers === undefined ? {} : { ciphers, honorCipherOrder: true }),
    ...(clientCas === undefined ? {} : { ca: [...clientCas] }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require-and-verify-client-cert',
  })
}
