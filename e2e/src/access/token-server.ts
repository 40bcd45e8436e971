import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basic } from './htpasswd.ts'
import type { Grant, TokenAuthority } from './token-authority.ts'

/** A user, and in which repositories all is granted: below these paths. */
export interface TokenUser {
  readonly name: string
  readonly password: string
  readonly below: string
}

/** The smallest token server that clients get along with. Whoever is nobody may pull below `public/`. */
export class TokenServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(authority: TokenAuthority, users: readonly TokenUser[]): Promise<TokenServer> {
    const server = createServer(({ headers, url = '' }, response) => {
      const user = users.find((each) => basic(each) === headers.authorization)
      if (headers.authorization !== undefined && user === undefined) return void response.writeHead(401).end('{}')
      const scopes = new URL(url, 'http://x').searchParams.getAll('scope')
      const grants = scopes.flatMap((scope) => scope.split(' ')).flatMap((scope) => grantOf(scope, user))
      const token = authority.token(grants, { sub: user?.name ?? '' })
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ token, expires_in: 300 }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TokenServer(server)
  }

  get realm(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function grantOf(scope: string, user: TokenUser | undefined): Grant[] {
  const [, name = '', actions = ''] = scope.split(':')
  if (user !== undefined && name.startsWith(user.below)) return [{ name, actions: actions.split(',') }]
  return name.startsWith('public/') && actions.includes('pull') ? [{ name, actions: ['pull'] }] : []
}
