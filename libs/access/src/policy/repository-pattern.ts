import { canBeComponent, componentsOf, isComponent, maxNameLength, type Part } from './component-shape.ts'
import { matchesText, parseTextPattern, type TextPattern } from './text-pattern.ts'
import { matchesRuns, run } from './wildcards.ts'

/**
 * Repositories, by the components of their names: `*` is any run of characters within one, `**` any one or more of them,
 * `{claim}` the value of a subject's claim, within one, and `{claim...}` the same, as one or more of them.
 */
export interface RepositoryPattern {
  readonly text: string
  readonly components: readonly Component[]
  /** The pattern as it is matched, where it has no claims. */
  readonly ready: readonly (Filled | typeof run)[] | undefined
}

type Component =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'stars'; readonly pattern: TextPattern }
  /** One or more components. */
  | { readonly kind: 'any' }
  | { readonly kind: 'claim'; readonly before: string; readonly claim: string; readonly after: string }
  /** One or more components, which are the claim's value. */
  | { readonly kind: 'path'; readonly claim: string }

/** The value of a subject's claim; `undefined` where the subject has no such claim, or several values of it. */
export type ClaimOf = (name: string) => string | undefined

/** Why a claim cannot be filled in. */
export interface Unfillable {
  readonly claim: string
  readonly value: string | undefined
}

const claimName = String.raw`[A-Za-z_][\w-]*(?:\.[\w-]+)*`
const wholePath = new RegExp(`^\\{(${claimName})\\.\\.\\.\\}$`)
const item = new RegExp(`\\*|\\{(${claimName})\\}|[a-z0-9._-]|(.)`, 'gsu')

/** @throws Error the text is not a pattern, its claims would be ambiguous, or no repository can have such a name */
export function parseRepositoryPattern(text: string): RepositoryPattern {
  const components = text.split('/').map((each) => parseComponent(each, text))
  // With two of them, the value of the one claim could be taken for a part of the other.
  if (components.filter(({ kind }) => kind === 'path').length > 1)
    throw new Error(`${text}: only one claim can be more than a component`)
  const shortest = components.reduce((length, each) => length + 1 + shortestLength(each), -1)
  if (shortest > maxNameLength)
    throw new Error(`${text}: no name of a repository has more than ${maxNameLength} characters`)
  const ready = components.some(({ kind }) => kind === 'claim' || kind === 'path')
    ? undefined
    : fill(components, noClaims).filled
  return { text, components, ready }
}

function parseComponent(text: string, pattern: string): Component {
  if (text === '**') return { kind: 'any' }
  if (text === '') throw new Error(`${pattern}: a component is empty`)
  if (text.includes('**')) throw new Error(`${pattern}: ** must be a component of its own`)
  const [, path] = wholePath.exec(text) ?? []
  if (path !== undefined) return { kind: 'path', claim: path }
  const parts: Part[] = []
  const claims: { readonly claim: string; readonly at: number; readonly length: number }[] = []
  for (const { 0: found, 1: claim, 2: wrong, index } of text.matchAll(item)) {
    if (wrong !== undefined) throw new Error(`${pattern}: no name of a repository has ${JSON.stringify(wrong)}`)
    if (claim !== undefined) claims.push({ claim, at: index, length: found.length })
    parts.push(claim !== undefined ? { kind: 'claim' } : found === '*' ? { kind: 'run' } : { literal: found })
  }
  const [only] = claims
  if (claims.length > 1 || (only !== undefined && text.includes('*')))
    throw new Error(`${pattern}: a component can have one claim, and no star beside it`)
  if (!canBeComponent(parts))
    throw new Error(`${pattern}: no name of a repository has a component ${JSON.stringify(text)}`)
  if (only !== undefined) {
    const { claim, at, length } = only
    return { kind: 'claim', before: text.slice(0, at), claim, after: text.slice(at + length) }
  }
  return text.includes('*') ? { kind: 'stars', pattern: parseTextPattern(text) } : { kind: 'literal', text }
}

function shortestLength(component: Component): number {
  switch (component.kind) {
    case 'literal':
      return component.text.length
    case 'stars':
      return Math.max(1, component.pattern.chunks.join('').length)
    case 'claim':
      return component.before.length + 1 + component.after.length
    case 'any':
    case 'path':
      return 1
  }
}

/** The claims whose values the pattern needs. */
export function claimsIn({ components }: RepositoryPattern): readonly string[] {
  return components.flatMap((each) => (each.kind === 'claim' || each.kind === 'path' ? [each.claim] : []))
}

/** Whether a claim's value can be filled in for one of the claims of a pattern, which may be a path. */
export function canFill({ components }: RepositoryPattern, claim: string, value: string): boolean {
  return components.every((each) => {
    if (each.kind === 'claim') return each.claim !== claim || isComponent(value)
    return each.kind !== 'path' || each.claim !== claim || value.split('/').every(isComponent)
  })
}

/** A component of a pattern, with the subject's claims filled in. */
type Filled = string | TextPattern | Open

/** A component whose claim cannot be filled in: every component between these two could be meant. */
interface Open {
  readonly before: string
  readonly after: string
}

const anyComponent: Filled = { before: '', after: '' }

/**
 * Whether the pattern means this repository for a subject with these claims.
 *
 * @returns `Unfillable`: a claim cannot be filled in, and with some value of it the pattern would mean this repository
 */
export function matchesRepository(
  pattern: RepositoryPattern,
  repository: string,
  claimOf: ClaimOf,
): boolean | Unfillable {
  const components = componentsOf(repository)
  return components !== undefined && matchesComponents(pattern, components, claimOf)
}

/** The same, for the components of a repository's name. */
export function matchesComponents(
  { components, ready }: RepositoryPattern,
  name: readonly string[],
  claimOf: ClaimOf,
): boolean | Unfillable {
  if (components.length > name.length) return false
  if (ready !== undefined) return matchesRuns(ready, name, fits)
  const { filled, unfillable } = fill(components, claimOf)
  return matchesRuns(filled, name, fits) && (unfillable ?? true)
}

const noClaims: ClaimOf = () => undefined

/** Fills a subject's claims in. Where one has no value to fill in, whatever some value could be is in its place. */
function fill(
  components: readonly Component[],
  claimOf: ClaimOf,
): { readonly filled: readonly (Filled | typeof run)[]; readonly unfillable: Unfillable | undefined } {
  let unfillable: Unfillable | undefined
  const filled = components.flatMap((each): readonly (Filled | typeof run)[] => {
    switch (each.kind) {
      case 'literal':
        return [each.text]
      case 'stars':
        return [each.pattern]
      case 'any':
        return [anyComponent, run]
      case 'claim': {
        const { before, claim, after } = each
        const value = claimOf(claim)
        if (value !== undefined && isComponent(value)) return [before + value + after]
        unfillable ??= { claim, value }
        return [{ before, after }]
      }
      case 'path': {
        const value = claimOf(each.claim)
        const parts = value?.split('/')
        if (parts?.every(isComponent)) return parts
        unfillable ??= { claim: each.claim, value }
        return [anyComponent, run]
      }
    }
  })
  return { filled, unfillable }
}

function fits(expected: Filled, found: string): boolean {
  if (typeof expected === 'string') return expected === found
  if ('chunks' in expected) return matchesText(expected, found)
  if (expected === anyComponent) return true
  const { before, after } = expected
  if (!found.startsWith(before) || !found.endsWith(after)) return false
  return isComponent(found.slice(before.length, found.length - after.length))
}
