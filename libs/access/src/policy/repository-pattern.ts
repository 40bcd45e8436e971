import { matchesRuns, run } from './wildcards.ts'

/**
 * Repositories, by components of their names: `*` is any run of characters within one, `**` any one or more of them,
 * `{claim}` what somebody's claim says, within one, and `{claim...}` the same, as one or more of them.
 */
export interface RepositoryPattern {
  readonly text: string
  readonly components: readonly Component[]
}

type Component =
  | { readonly kind: 'any' }
  | { readonly kind: 'path'; readonly claim: string }
  | { readonly kind: 'one'; readonly items: readonly Item[] }

type Item = string | typeof run | { readonly claim: string }

/** What somebody's claim says; `undefined` where they have none of that name. */
export type ClaimOf = (name: string) => string | undefined

/** Why a claim cannot be filled in. */
export interface Unfillable {
  readonly claim: string
  readonly value: string | undefined
}

// As names of repositories have them: no slash, dot dot or star is in any, and none is empty.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const claimName = String.raw`[A-Za-z_][\w-]*(?:\.[\w-]+)*`
const wholePath = new RegExp(`^\\{(${claimName})\\.\\.\\.\\}$`)
const item = new RegExp(`\\*|\\{(${claimName})\\}|[a-z0-9._-]|(.)`, 'gsu')

/** @throws Error it is no pattern, or none that says for sure whose repositories it means */
export function parseRepositoryPattern(text: string): RepositoryPattern {
  const components = text.split('/').map((each) => parseComponent(each, text))
  // With two of them, what the one claim says could be taken for a part of the other.
  if (components.filter(({ kind }) => kind === 'path').length > 1)
    throw new Error(`${text}: only one claim can be more than a component`)
  return { text, components }
}

function parseComponent(text: string, pattern: string): Component {
  if (text === '**') return { kind: 'any' }
  if (text === '') throw new Error(`${pattern}: a component is empty`)
  if (text.includes('**')) throw new Error(`${pattern}: ** must be a component of its own`)
  const [, path] = wholePath.exec(text) ?? []
  if (path !== undefined) return { kind: 'path', claim: path }
  const items = [...text.matchAll(item)].map(([found, claim, wrong]): Item => {
    if (wrong !== undefined) throw new Error(`${pattern}: no name of a repository has ${JSON.stringify(wrong)}`)
    return claim === undefined ? (found === '*' ? run : found) : { claim }
  })
  const claims = items.filter((each) => typeof each === 'object').length
  if (claims > 1 || (claims === 1 && items.includes(run)))
    throw new Error(`${pattern}: a component can have one claim, and no star beside it`)
  return { kind: 'one', items }
}

/** The claims that it takes to say which repositories it means. */
export function claimsIn({ components }: RepositoryPattern): readonly string[] {
  return components.flatMap((each) => {
    if (each.kind === 'any') return []
    if (each.kind === 'path') return [each.claim]
    return each.items.flatMap((item) => (typeof item === 'object' ? [item.claim] : []))
  })
}

/** Whether it means this repository for somebody with these claims; where one cannot be filled in, it means none. */
export function matchesRepository(
  { components }: RepositoryPattern,
  repository: string,
  claimOf: ClaimOf,
): boolean | Unfillable {
  const filled: (readonly (string | typeof run)[] | typeof run)[] = []
  for (const each of components) {
    if (each.kind === 'any') filled.push([run], run)
    else if (each.kind === 'path') {
      const value = claimOf(each.claim)
      const parts = value?.split('/') ?? ['']
      if (!parts.every(isComponent)) return { claim: each.claim, value }
      filled.push(...parts.map((part) => part.split('')))
    } else {
      const items: (string | typeof run)[] = []
      for (const one of each.items) {
        if (typeof one !== 'object') items.push(one)
        else {
          const value = claimOf(one.claim)
          if (value === undefined || !isComponent(value)) return { claim: one.claim, value }
          items.push(...value.split(''))
        }
      }
      filled.push(items)
    }
  }
  return matchesRuns(filled, repository.split('/'), (items, name) =>
    matchesRuns(items, name, (expected, found) => expected === found),
  )
}

function isComponent(value: string): boolean {
  return component.test(value)
}
