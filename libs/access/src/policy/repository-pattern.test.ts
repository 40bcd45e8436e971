import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesRepository, parseRepositoryPattern } from './repository-pattern.ts'

const claimsOf =
  (claims: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    Object.hasOwn(claims, name) ? claims[name] : undefined

function matches(pattern: string, repository: string, claims: Readonly<Record<string, string>> = {}): boolean {
  return matchesRepository(parseRepositoryPattern(pattern), repository, claimsOf(claims)) === true
}

describe('a pattern of repositories', () => {
  it.each([
    ['team/app', ['team/app'], ['team/app2', 'team', 'team/app/x', 'a/team/app']],
    ['team/*', ['team/a', 'team/a-b'], ['team', 'team/a/b', 'teams/a']],
    ['team/**', ['team/a', 'team/a/b/c'], ['team', 'teams/a']],
    ['**', ['a', 'a/b/c'], []],
    ['**/app', ['a/app', 'a/b/app'], ['app', 'a/app/b']],
    ['a/**/z', ['a/b/z', 'a/b/c/z', 'a/z/z'], ['a/z', 'a/b/z/c']],
    ['team-*', ['team-a', 'team-a-b'], ['team', 'team-a/b']],
    ['*-cache', ['a-cache', 'a-cache-cache'], ['cache', 'a-cache-b']],
    ['*/*', ['a/b'], ['a', 'a/b/c']],
    ['**/**', ['a/b', 'a/b/c'], ['a']],
  ])('%s is %j and not %j', (pattern, those, others) => {
    expect(those.filter((name) => !matches(pattern, name))).toEqual([])
    expect(others.filter((name) => matches(pattern, name))).toEqual([])
  })

  it.each([
    ['ci/{ns}/**', { ns: 'a' }, ['ci/a/x', 'ci/a/x/y'], ['ci/a', 'ci/b/x', 'ci/ab/x', 'a/x']],
    ['team-{ns}/*', { ns: 'a' }, ['team-a/x'], ['team-b/x', 'team-a-b/x']],
    ['ci/{project...}', { project: 'a/b' }, ['ci/a/b'], ['ci/a', 'ci/a/b/c', 'ci/a-b']],
    ['ci/{project...}/**', { project: 'a/b' }, ['ci/a/b/x'], ['ci/a/b', 'ci/a/x']],
    ['{a}/{b}', { a: 'x', b: 'y' }, ['x/y'], ['y/x', 'x/x']],
  ])('%s with %j is %j and not %j', (pattern, claims, those, others) => {
    expect(those.filter((name) => !matches(pattern, name, claims))).toEqual([])
    expect(others.filter((name) => matches(pattern, name, claims))).toEqual([])
  })

  it.each([
    ['', 'a component is empty'],
    ['a//b', 'a component is empty'],
    ['/a', 'a component is empty'],
    ['a/', 'a component is empty'],
    ['a/b**', '** must be a component of its own'],
    ['Team/**', 'no name of a repository has "T"'],
    ['a b', 'no name of a repository has " "'],
    ['a/{ns', 'no name of a repository has "{"'],
    ['a/{}', 'no name of a repository has "{"'],
    ['a/{ns...}-x', 'no name of a repository has "{"'],
    ['{a}-{b}', 'a component can have one claim, and no star beside it'],
    ['{a}*', 'a component can have one claim, and no star beside it'],
    ['{a...}/{b...}', 'only one claim can be more than a component'],
    ['a..b', 'no name of a repository has a component "a..b"'],
    ['a/b-', 'no name of a repository has a component "b-"'],
    ['-a*', 'no name of a repository has a component "-a*"'],
    ['a/..', 'no name of a repository has a component ".."'],
    ['a___b', 'no name of a repository has a component "a___b"'],
    ['a._*', 'no name of a repository has a component "a._*"'],
    ['a.-{ns}', 'no name of a repository has a component "a.-{ns}"'],
    ['*-', 'no name of a repository has a component "*-"'],
    ['{ns}-', 'no name of a repository has a component "{ns}-"'],
    [`${'a'.repeat(254)}/*`, 'no name of a repository has more than 255 characters'],
  ])('cannot be %j', (text, reason) => {
    expect(() => parseRepositoryPattern(text)).toThrow(reason)
  })

  it.each(['a-*', '*-*', '*.*', 'a--{ns}', 'a__*', '*_*', '{ns}.x', `${'a'.repeat(253)}/*`])('can be %j', (text) => {
    expect(() => parseRepositoryPattern(text)).not.toThrow()
  })

  it.each([
    ['ci/{ns}/**', ['ci/a/b'], ['ci/a', 'x/a/b']],
    ['a-{ns}', ['a-b', 'a-b-c'], ['a', 'b']],
    ['a/{p...}/z', ['a/b/z', 'a/b/c/z'], ['a/z']],
  ])('%s, of which nothing is filled in, could mean %j and not %j', (text, those, others) => {
    const pattern = parseRepositoryPattern(text)
    const could = (name: string) => matchesRepository(pattern, name, () => undefined)
    expect(those.filter((name) => typeof could(name) !== 'object')).toEqual([])
    expect(others.filter((name) => could(name) !== false)).toEqual([])
  })

  it('says what it cannot fill in', () => {
    const pattern = parseRepositoryPattern('ci/{ns}/**')
    expect(matchesRepository(pattern, 'ci/a/b', claimsOf({ ns: 'A' }))).toEqual({ claim: 'ns', value: 'A' })
    expect(matchesRepository(pattern, 'ci/a/b', claimsOf({}))).toEqual({ claim: 'ns', value: undefined })
  })

  it('takes no longer for stars that could be anywhere', () => {
    const pattern = parseRepositoryPattern(`${'**/'.repeat(60)}${'*a'.repeat(60)}`)
    const name = `${'a/'.repeat(80)}${'a'.repeat(80)}b`
    const before = performance.now()
    expect(matchesRepository(pattern, name, () => undefined)).toBe(false)
    expect(performance.now() - before).toBeLessThan(5000)
  })
})

describe('a claim, whoever chose what it says', () => {
  const word = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a_b', 'ci', 'team')
  const tricks = ['', '/', '*', '**', '..', '.', 'a/b', '/a', 'a/', 'a//b', '../b', 'a/../b', 'a/**', 'a*', '{b}']
  const others = ['A', 'a\n', ' a', 'a ', '%2f', 'a%2fb', '\u0000', 'ａ', 'a--', '-a', '\\*', 'a\\/b', '{b...}']
  const trick = fc.constantFrom(...tricks, ...others)
  const value = fc.oneof(word, trick, fc.string(), fc.string({ unit: 'binary' }))
  const claims = fc.record({ x: value, y: value })
  const component = fc.oneof(word, fc.constantFrom('*', '**', '{x}', '{y}', 'a-{x}', '{y}-b', 'team-*', '{x...}'))
  const pattern = fc
    .array(component, { minLength: 1, maxLength: 5 })
    .filter((parts) => parts.filter((part) => part.includes('...')).length < 2)
    .map((parts) => parts.join('/'))
  const names = fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
  /** Names that are likely to match: the pattern itself with something in the place of all that varies. */
  const likely = (text: string, filled: Readonly<Record<string, string>>) =>
    text
      .replaceAll(/\{(\w)(?:\.\.\.)?\}/g, (_, claim: string) => filled[claim] ?? '')
      .replaceAll('**', 'a/b')
      .replaceAll('*', 'a')

  it('never makes a pattern mean more than stars in its place would', () => {
    fc.assert(
      fc.property(pattern, claims, names, (text, filled, name) => {
        const starred = text.replaceAll(/\{\w\.\.\.\}/g, '**').replaceAll(/\{\w\}/g, '*')
        const found = [name, likely(text, filled)].filter((each) => matches(text, each, filled))
        expect(found.filter((each) => !matches(starred, each))).toEqual([])
      }),
      { numRuns: 5000 },
    )
  })

  it('means exactly the pattern with its value written there, or nothing at all', () => {
    const plain = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
    fc.assert(
      fc.property(value, names, (x, name) => {
        for (const text of ['ci/{x}/**', '{x}/**', 'team-{x}/*', '**/{x}']) {
          const written = (each: string) => plain.test(x) && matches(text.replace('{x}', x), each)
          for (const each of [name, likely(text, { x })]) expect(matches(text, each, { x })).toBe(written(each))
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('never means a repository that is another value’s', () => {
    fc.assert(
      fc.property(value, value, names, (one, other, rest) => {
        if (one === other) return
        for (const text of ['ci/{x}/**', 'team-{x}/**', 'ci/{x}-cache/**']) {
          const name = likely(text, { x: one }).replace('a/b', rest)
          expect(matches(text, name, { x: one }) && matches(text, name, { x: other })).toBe(false)
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('as a path has no component that is empty, or leads elsewhere', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(word, trick), { maxLength: 4 }), names, (parts, name) => {
        const x = parts.join('/')
        const found = [`ci/${x}/${name}`, `ci/${name}`].filter((each) => matches('ci/{x...}/**', each, { x }))
        const isPlain = x.split('/').every((part) => /^[a-z0-9._-]+$/.test(part) && part !== '..')
        expect(found.every((each) => isPlain && each.startsWith(`ci/${x}/`))).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})
