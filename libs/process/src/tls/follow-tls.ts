import type { ServerTls } from '@berth/configuration'
import { Secret } from '@berth/configuration'
import { FollowedFiles, type FollowedFilesOptions } from './followed-files.ts'
import { requireUsableTls, validTo, whyNotValidNow } from '@berth/configuration'

export interface FollowTlsOptions extends Pick<FollowedFilesOptions, 'log' | 'after'> {
  /** Is given what the files hold now, to be used from now on. */
  readonly use: (tls: ServerTls) => void
}

/** Keeps up with the files of a server's TLS, which those who renew certificates replace, until it is closed. */
export function followTls(tls: ServerTls, { use, ...options }: FollowTlsOptions): FollowedFiles {
  const { files, cert, key, clientCas, minVersion, ciphers } = tls
  return new FollowedFiles({
    ...options,
    key: 'http.tls',
    paths: [files.certificateFile, files.keyFile, ...files.clientCaFiles],
    texts: [cert, key.reveal(), ...clientCas],
    use: ([newCert = '', newKey = '', ...cas]) => {
      requireUsableTls({ cert: newCert, key: newKey, cas }, { minVersion, ciphers })
      use({ ...tls, cert: newCert, key: new Secret(newKey), clientCas: cas })
      return { validTo: validTo(newCert), warning: whyNotValidNow(newCert) }
    },
  })
}
