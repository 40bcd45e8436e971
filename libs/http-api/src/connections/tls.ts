import { createServer, type Server, type ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { ClientAuth, ServerTls } from '@berth/process'

/** A server that answers over TLS, to clients that identify themselves as they should. */
export function createTlsServer(options: ServerOptions, tls: ServerTls): Server {
  const { cert, key, minVersion, ciphers, clientCas, clientAuth } = tls
  const server = createServer({
    ...options,
    cert,
    key: key.reveal(),
    minVersion,
    ciphers,
    honorCipherOrder: true,
    // An empty list would mean that no CA is trusted; none, that all of the system's are.
    ...(clientCas.length > 0 && { ca: [...clientCas] }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require-and-verify-client-cert',
  })
  // Before the server reads any request: what Node can only require and verify at once is looked at here.
  server.prependListener('secureConnection', (socket) => {
    if (!isAdmitted(socket, clientAuth)) socket.destroy()
  })
  return server
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
