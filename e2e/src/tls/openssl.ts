import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

const program = 'openssl'

/** Files of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Makes a CA, whose certificates are for clients. */
export async function makeAuthority(folder: string, name: string): Promise<CertificateFiles> {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  const subject = [
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
  ]
  await openssl('req', '-x509', ...subject, '-keyout', files.key, '-out', files.cert)
  return files
}

export async function makeClient(folder: string, name: string, authority: CertificateFiles): Promise<CertificateFiles> {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  const request = join(folder, `${name}.csr`)
  const subject = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  await openssl('req', ...subject, '-keyout', files.key, '-out', request)
  const by = ['-CA', authority.cert, '-CAkey', authority.key, '-days', '1']
  await openssl('x509', '-req', '-in', request, ...by, '-out', files.cert)
  return files
}

/** What a client says that asks for `/v2/` over TLS: the session it came to, and the answer, or why there is none. */
export async function askOverTls(port: number, ...options: readonly string[]): Promise<string> {
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', ...options]
  const client = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  client.stdin.on('error', () => undefined)
  client.stdin.write('GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const [said, complained] = await Promise.all([text(client.stdout), text(client.stderr), once(client, 'close')])
  return said + complained
}

async function openssl(...args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args)
}
