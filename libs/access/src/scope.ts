import type { Access } from './access.ts'

/** Actions on one thing, as a client asks a token server for them. */
export interface Scope {
  readonly type: string
  /** Of repositories, as old clients have it: `plugin`. It decides nothing. */
  readonly class?: string
  readonly name: string
  /** None where a client asks for none. */
  readonly actions: readonly string[]
}

// The name may hold colons, since it may begin with a host and its port.
const pattern = /^([a-z0-9]+)(?:\(([a-z0-9]+)\))?:(\S+):([a-z*]*(?:,[a-z*]*)*)$/

/**
 * Scopes that are separated by spaces.
 *
 * @returns those that are well formed: whoever asks for anything else as well gets no more than these
 * @see Docker Registry token authentication, "Token scope"
 */
export function parseScopes(text: string): Scope[] {
  return text.split(' ').flatMap((each) => {
    const [, type, named, name, actions] = pattern.exec(each) ?? []
    if (type === undefined || name === undefined || actions === undefined) return []
    const wanted = actions.split(',').filter((action) => action !== '')
    return [{ type, name, actions: wanted, ...(named !== undefined && { class: named }) }]
  })
}

/** `type:name:action,action` for each thing, in the order in which they are first named. */
export function formatScopes(accesses: readonly Access[]): string {
  const actions = new Map<string, string[]>()
  for (const { type, name, action } of accesses) {
    const thing = `${type}:${name}`
    const known = actions.get(thing)
    if (known === undefined) actions.set(thing, [action])
    else if (!known.includes(action)) known.push(action)
  }
  return [...actions].map(([thing, wanted]) => `${thing}:${wanted.join(',')}`).join(' ')
}
