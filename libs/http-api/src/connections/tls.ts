import { createServer, type Server, type ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { ClientAuth, ServerTls } from '@berth/configuration'
import { peerAddress } from '../client/addresses.ts'

/** A client whose TLS handshake was refused, with the reason in OpenSSL's words. */
export interface RefusedByTls {
  readonly remoteAddress: string
  readonly reason: string
  /** Whether the reason is a client certificate that is invalid or missing. */
  readonly isAboutCertificate: boolean
}

/** A server that answers over TLS, to clients that identify themselves as they should. */
export function createTlsServer(
  options: ServerOptions,
  tls: ServerTls,
  onRefused: (refused: RefusedByTls) => void,
): Server {
  const { clientAuth } = tls
  const server = createServer({
    ...options,
    ...contextOf(tls),
    handshakeTimeout: options.headersTimeout,
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require-and-verify-client-cert',
  })
  // Before the server reads any request: what Node can only require and verify at once is looked at here.
  server.prependListener('secureConnection', (socket) => {
    if (isAdmitted(socket, clientAuth)) return
    const reason = (hasCertificate(socket) && verdictOn(socket)) || noCertificate
    onRefused({ remoteAddress: peerAddress(socket.remoteAddress), reason, isAboutCertificate: true })
    socket.destroy()
  })
  // Node's own listener would report it as `clientError`, which is about requests that cannot be read.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const verdict = verdictOn(socket)
    const reason = verdict ?? error.code ?? error.message
    const isAboutCertificate = verdict !== undefined || reason === noCertificate
    if (plainHttpErrors.has(reason)) answerPlainHttp(socket)
    // A client that only looks whether anything listens resets the connection.
    if (reason !== 'ECONNRESET') onRefused({ remoteAddress: addressOf(socket), reason, isAboutCertificate })
    socket.destroy()
  })
  return server
}

/** From now on, new connections see this certificate. Those that are there stay; none is resumed that began with another. */
export function renewTls(server: Server, tls: ServerTls): void {
  server.setSecureContext(contextOf(tls))
}

/** OpenSSL's reasons for a handshake that is a request of plain HTTP: of any method, and of `CONNECT`. */
const plainHttpErrors: ReadonlySet<string> = new Set(['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_HTTPS_PROXY_REQUEST'])

/** The answer of Go's server, by whose text people find the mistake. */
const plainHttpAnswer = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'

/** Time that a client of plain HTTP has to read its answer, in milliseconds. */
const plainHttpTimeoutMs = 500

const noCertificate = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

function contextOf({ cert, key, minVersion, ciphers, clientCas }: ServerTls): SecureContextOptions {
  return {
    cert,
    key: key.reveal(),
    minVersion,
    ciphers,
    honorCipherOrder: true,
    // An empty list would mean that no CA is trusted; none, that all of the system's are.
    ...(clientCas.length > 0 && { ca: [...clientCas] }),
  }
}

/** What is wrong with the certificate that a client showed. Node says so in a code, whatever its types say. */
function verdictOn({ authorizationError }: TLSSocket): string | undefined {
  return authorizationError ? String(authorizationError) : undefined
}

/** A TLS socket with the TCP socket below it, which is no part of Node's API. */
type LayeredSocket = TLSSocket & { readonly _parent?: Socket }

/** Answers without TLS: by now Node has ended the TLS socket, and the TCP socket below it is still open. */
function answerPlainHttp({ _parent: socket }: LayeredSocket): void {
  if (socket?.writable !== true) return
  socket.on('error', () => undefined)
  socket.end(plainHttpAnswer)
  // The rest of the request is dropped: to close while it arrives would take the answer from the client.
  socket.resume()
  const late = setTimeout(() => socket.destroy(), plainHttpTimeoutMs).unref()
  socket.once('close', () => clearTimeout(late))
}

/**
 * Node has closed a connection by the time it reports an untrusted certificate, and the TLS socket has lost its peer's
 * address. The TCP socket below it still has the address if it was read before, as
 * `Connections` does.
 */
function addressOf(socket: LayeredSocket): string {
  return peerAddress(socket.remoteAddress ?? socket._parent?.remoteAddress)
}

function isAdmitted(socket: TLSSocket, clientAuth: ClientAuth): boolean {
  switch (clientAuth) {
    case 'none':
    case 'request-client-cert':
    case 'require-and-verify-client-cert':
      return true
    case 'require-any-client-cert':
      return hasCertificate(socket)
    case 'verify-client-cert-if-given':
      return socket.authorized || !hasCertificate(socket)
  }
}

function hasCertificate(socket: TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined
}
