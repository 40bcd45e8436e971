import type { Rule } from './policy.ts'
import type { RepositoryPattern } from './repository-pattern.ts'

export interface IndexedPattern {
  readonly rule: Rule
  readonly pattern: RepositoryPattern
}

/**
 * Finds the patterns of a policy that may mean a repository, without a look at the others: by what a pattern begins with,
 * or else by one of its components that has neither star nor claim.
 */
export class PatternIndex {
  readonly #patterns: readonly IndexedPattern[]
  /** Each list has positions in `#patterns`, in ascending order. */
  readonly #byPrefix = new Map<string, number[]>()
  readonly #prefixLengths: readonly number[]
  readonly #byComponent = new Map<string, number[]>()
  /** Patterns with a star or claim in each component, and the longest text that a name must have in it to match. */
  readonly #others: number[] = []
  readonly #requiredText: readonly string[]

  constructor(rules: readonly Rule[]) {
    this.#patterns = rules.flatMap((rule) => rule.repositories.map((pattern) => ({ rule, pattern })))
    for (const [position, { pattern }] of this.#patterns.entries()) this.#listFor(pattern).push(position)
    this.#requiredText = this.#others.map((position) => longestText(this.#patterns[position] as IndexedPattern))
    this.#prefixLengths = [...new Set([...this.#byPrefix.keys()].map(({ length }) => length))]
  }

  /** In the order of the rules. */
  candidates(repository: string, components: readonly string[]): readonly IndexedPattern[] {
    const positions: number[] = []
    for (const length of this.#prefixLengths)
      if (length <= repository.length) positions.push(...(this.#byPrefix.get(repository.slice(0, length)) ?? []))
    for (const component of new Set(components)) positions.push(...(this.#byComponent.get(component) ?? []))
    positions.sort((a, b) => a - b)
    const others = this.#others.filter((_, at) => repository.includes(this.#requiredText[at] as string))
    return merge(positions, others).map((position) => this.#patterns[position] as IndexedPattern)
  }

  #listFor({ text, components }: RepositoryPattern): number[] {
    const [prefix = ''] = /^[^*{]*/.exec(text) ?? []
    if (prefix !== '') return listAt(this.#byPrefix, prefix)
    const literals = components.flatMap((each) => (each.kind === 'literal' ? [each.text] : []))
    const [longest] = literals.toSorted((a, b) => b.length - a.length)
    return longest === undefined ? this.#others : listAt(this.#byComponent, longest)
  }
}

function longestText({ pattern: { components } }: IndexedPattern): string {
  const texts = components.flatMap((each) => {
    if (each.kind === 'stars') return each.pattern.chunks
    return each.kind === 'claim' ? [each.before, each.after] : []
  })
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '')
}

function listAt(lists: Map<string, number[]>, key: string): number[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

/** Two lists in ascending order as one. */
function merge(some: readonly number[], others: readonly number[]): readonly number[] {
  if (some.length === 0) return others
  const merged: number[] = []
  let at = 0
  for (const position of some) {
    while ((others[at] ?? Number.POSITIVE_INFINITY) < position) merged.push(others[at++] as number)
    merged.push(position)
  }
  while (at < others.length) merged.push(others[at++] as number)
  return merged
}
