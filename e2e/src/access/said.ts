import type { Answer } from '../flow-player/wire.ts'

/** What a registry says to a request of one who may not be allowed it. */
export interface Said {
  readonly status: number
  /** The challenge, its scopes and their actions in one order: Distribution has them in any. */
  readonly challenge?: string
  /** The code of the first error. */
  readonly code?: string
}

export function said({ status, headers, body }: Answer): Said {
  const challenge = headers['www-authenticate']
  const [, code] = /"code":"(\w+)"/.exec(body.toString()) ?? []
  return {
    status,
    ...(challenge !== undefined && { challenge: ordered(challenge) }),
    ...(code !== undefined && { code }),
  }
}

function ordered(challenge: string): string {
  return challenge.replace(/scope="([^"]*)"/, (_, scopes: string) => {
    const each = scopes.split(' ').map((scope) => {
      const at = scope.lastIndexOf(':') + 1
      return scope.slice(0, at) + scope.slice(at).split(',').toSorted().join(',')
    })
    return `scope="${each.toSorted().join(' ')}"`
  })
}
