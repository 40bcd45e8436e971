/** One component of a repository's name, as patterns can write it: lower case, and no separator at an end. */
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/

export function isComponent(text: string): boolean {
  return component.test(text)
}

/** Maximum length of a repository's name, in characters. */
export const maxNameLength = 255

/** @returns the components; `undefined`: no pattern can mean such a name, and so no pattern matches it */
export function componentsOf(repository: string): readonly string[] | undefined {
  if (repository.length > maxNameLength) return undefined
  const components = repository.split('/')
  return components.every(isComponent) ? components : undefined
}

/** What a part of a component stands for: itself, any run of characters, or a claim's value, which is a component. */
export type Part = { readonly literal: string } | { readonly kind: 'run' | 'claim' }

/** Where a reader of a component stands: at its start, after a letter or digit, or after a separator. */
type State = 'start' | 'letter' | 'dot' | 'underscore' | 'two underscores' | 'dashes'

const afterSeparator: readonly State[] = ['dot', 'underscore', 'two underscores', 'dashes']

/** Whether any component has these parts: where none has, a pattern with them would never match. */
export function canBeComponent(parts: readonly Part[]): boolean {
  let states = new Set<State>(['start'])
  for (const part of parts) {
    if ('literal' in part) for (const character of part.literal) states = step(states, character)
    else if (states.size === 0) return false
    else if (part.kind === 'claim') states = new Set(['letter'])
    else states = new Set([...states, 'letter', ...afterSeparator])
  }
  return states.has('letter')
}

function step(states: ReadonlySet<State>, character: string): Set<State> {
  const next = new Set<State>()
  for (const state of states) {
    const after = stateAfter(state, character)
    if (after !== undefined) next.add(after)
  }
  return next
}

function stateAfter(state: State, character: string): State | undefined {
  if (/[a-z0-9]/.test(character)) return 'letter'
  if (character === '-') return state === 'letter' || state === 'dashes' ? 'dashes' : undefined
  if (character === '_' && state === 'underscore') return 'two underscores'
  if (state !== 'letter') return undefined
  return character === '.' ? 'dot' : character === '_' ? 'underscore' : undefined
}
