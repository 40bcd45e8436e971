import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PatternIndex } from './pattern-index.ts'
import type { Rule } from './policy.ts'
import { matchesRepository, parseRepositoryPattern } from './repository-pattern.ts'

const ruleOf = (patterns: readonly string[], number: number): Rule => ({
  number,
  name: undefined,
  subjects: [],
  repositories: patterns.map(parseRepositoryPattern),
  actions: new Set(),
  catalog: undefined,
})

const candidatesOf = (index: PatternIndex, name: string): readonly string[] =>
  index.candidates(name, name.split('/')).map(({ pattern }) => pattern.text)

describe('the index of patterns', () => {
  it('finds the few patterns of thousands that begin as a repository does, or share a component or the text beside a star with it', () => {
    const many = Array.from({ length: 2000 }, (_, i) =>
      ruleOf([`team${i}/**`, `t${i}-*/x`, `**/app${i}/*`, `**/*-z${i}`], i),
    )
    const index = new PatternIndex([...many, ruleOf(['a/{user}/**', '*'], 2000)])
    expect(candidatesOf(index, 'team7/b/c')).toEqual(['team7/**', '*'])
    expect(candidatesOf(index, 't12-b/app5/d')).toEqual(['**/app5/*', 't12-*/x', '*'])
    expect(candidatesOf(index, 'b/c-z8')).toEqual(['**/*-z8', '*'])
    expect(candidatesOf(index, 'a/b')).toEqual(['a/{user}/**', '*'])
  })

  it('leaves out no pattern that matches, and keeps the order of the rules', () => {
    const component = fc.constantFrom('a', 'b', 'a-b', '*', '**', 'a*', '*b', '{x}', 'a-{x}', '{x...}')
    const pattern = fc
      .array(component, { minLength: 1, maxLength: 4 })
      .filter((parts) => parts.filter((part) => part.includes('...')).length < 2)
      .map((parts) => parts.join('/'))
    const name = fc.array(fc.constantFrom('a', 'b', 'a-b', 'c'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(fc.array(pattern), { maxLength: 6 }), name, (rules, components) => {
        const text = components.join('/')
        const index = new PatternIndex(rules.map(ruleOf))
        const matching = rules
          .flat()
          .filter((each) => matchesRepository(parseRepositoryPattern(each), text, () => undefined) !== false)
        const found = candidatesOf(index, text)
        expect(found.filter((each) => matching.includes(each))).toEqual(matching)
      }),
      { numRuns: 3000 },
    )
  })
})
