import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowedActions, catalogRule } from './decide.ts'
import { explain, explainCatalog } from './explain.ts'
import { parsePolicy } from './parse-policy.ts'
import type { Subject } from './subject.ts'

const anonymous: Subject = { kind: 'anonymous' }
const user = (name: string): Subject => ({ kind: 'user', name })
const federated = (
  issuer: string,
  name: string,
  claims: Readonly<Record<string, readonly string[]>> = {},
): Subject => ({
  kind: 'federated',
  issuer,
  name,
  claims: new Map(Object.entries(claims)),
})

/** The message that `work` throws, or `none`. */
function problemOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

const policyOf = (...rules: readonly object[]) =>
  parsePolicy({ groups: { developers: ['alice', 'bob'] }, rules }, { issuers: ['kubernetes', 'ci'] })

const developers = { subjects: [{ group: 'developers' }], repositories: ['team/**'], actions: ['pull', 'push'] }
const everything = { subjects: [{ user: 'root' }], repositories: ['**'], actions: ['*'], catalog: true }
const reading = { subjects: ['anonymous'], repositories: ['public/**'], actions: ['pull'] }

describe('a policy', () => {
  it('denies what no rule is about', () => {
    expect([...allowedActions(policyOf(developers), user('carol'), 'team/app')]).toEqual([])
    expect([...allowedActions(policyOf(developers), user('alice'), 'other/app')]).toEqual([])
    expect([...allowedActions(policyOf(), user('alice'), 'team/app')]).toEqual([])
  })

  it('is what the first rule says that is about somebody and a repository, though a later one says more', () => {
    const closed = { subjects: ['users'], repositories: ['team/secret/**'], actions: [] }
    const policy = policyOf(everything, closed, developers)
    expect([...allowedActions(policy, user('alice'), 'team/secret/x')]).toEqual([])
    expect([...allowedActions(policy, user('alice'), 'team/x')]).toEqual(['pull', 'push'])
    expect([...allowedActions(policy, user('root'), 'team/secret/x')]).toEqual(['pull', 'push', 'delete'])
  })

  it.each<[string, string | object, Subject, boolean]>([
    ['everybody', 'anonymous', anonymous, true],
    ['everybody', 'anonymous', user('alice'), true],
    ['everybody', 'anonymous', federated('ci', 'x'), true],
    ['a user', 'users', user('zoe'), true],
    ['a user', 'users', anonymous, false],
    ['a user', 'users', federated('ci', 'x'), false],
    ['one user', { user: 'alice' }, user('alice'), true],
    ['one user', { user: 'alice' }, user('bob'), false],
    ['one user', { user: 'alice' }, federated('ci', 'alice'), false],
    ['a group', { group: 'developers' }, user('bob'), true],
    ['a group', { group: 'developers' }, user('carol'), false],
    ['a group', { group: 'developers' }, federated('ci', 'bob'), false],
    ['an issuer’s', { issuer: 'ci' }, federated('ci', 'x'), true],
    ['an issuer’s', { issuer: 'ci' }, federated('kubernetes', 'x'), false],
    ['an issuer’s', { issuer: 'ci' }, user('ci'), false],
    ['one subject', { issuer: 'ci', subject: 'a:*' }, federated('ci', 'a:b'), true],
    ['one subject', { issuer: 'ci', subject: 'a:*' }, federated('ci', 'b:a:'), false],
    ['a claim', { issuer: 'ci', claims: { ref: 'main' } }, federated('ci', 'x', { ref: ['main'] }), true],
    ['a claim', { issuer: 'ci', claims: { ref: 'main' } }, federated('ci', 'x', { ref: ['main2'] }), false],
    ['a claim', { issuer: 'ci', claims: { ref: 'main' } }, federated('ci', 'x'), false],
    ['a claim', { issuer: 'ci', claims: { ref: ['a', 'v*'] } }, federated('ci', 'x', { ref: ['v1'] }), true],
    ['a claim', { issuer: 'ci', claims: { ok: true } }, federated('ci', 'x', { ok: ['true'] }), true],
    ['a star', { issuer: 'ci', claims: { ref: String.raw`\*` } }, federated('ci', 'x', { ref: ['x'] }), false],
    ['a star', { issuer: 'ci', claims: { ref: String.raw`\*` } }, federated('ci', 'x', { ref: ['*'] }), true],
    ['two claims', { issuer: 'ci', claims: { a: '1', b: '1' } }, federated('ci', 'x', { a: ['1'] }), false],
    ['one of many', { issuer: 'ci', claims: { groups: 'dev' } }, federated('ci', 'x', { groups: ['a', 'dev'] }), true],
  ])('is about %s, %j: %j is %s', (_, subject, who, isMeant) => {
    const policy = policyOf({ subjects: [subject], repositories: ['a'], actions: ['pull'] })
    expect(allowedActions(policy, who, 'a').has('pull')).toBe(isMeant)
  })

  it('fills in what an issuer says, where it says one thing', () => {
    const rule = { subjects: [{ issuer: 'ci' }], repositories: ['ci/{groups}/**'], actions: ['pull'] }
    const may = (groups: readonly string[]) =>
      allowedActions(policyOf(rule), federated('ci', 'x', { groups }), 'ci/a/b').size > 0
    expect([may(['a']), may(['a', 'b']), may([])]).toEqual([true, false, false])
  })

  it('fills in the name of a user, and of nobody else', () => {
    const rule = { subjects: ['anonymous'], repositories: ['home/{user}/**'], actions: ['pull'] }
    const may = (subject: Subject) => allowedActions(policyOf(rule), subject, 'home/alice/x').size > 0
    expect([may(user('alice')), may(user('bob')), may(anonymous), may(federated('ci', 'alice'))]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('fills in no claim of an issuer as the user, unless the configuration says which claim that is', () => {
    const rule = { subjects: ['users', { issuer: 'ci' }], repositories: ['home/{user}/**'], actions: ['*'] }
    const policy = policyOf(rule)
    const subject = federated('ci', 'alice', { user: ['alice'] })
    expect([...allowedActions(policy, subject, 'home/alice/x')]).toEqual([])
    expect(allowedActions(policy, { ...subject, isUserMapped: true } as Subject, 'home/alice/x').size).toBe(3)
    expect(allowedActions(policy, user('alice'), 'home/alice/x').size).toBe(3)
  })

  it('still knows a subject by a claim that is called user', () => {
    const rule = { subjects: [{ issuer: 'ci', claims: { user: 'alice' } }], repositories: ['a'], actions: ['pull'] }
    expect([...allowedActions(policyOf(rule), federated('ci', 's', { user: ['alice'] }), 'a')]).toEqual(['pull'])
  })

  describe('with a rule whose claim cannot be filled in', () => {
    const less = { subjects: [{ issuer: 'ci' }], repositories: ['ci/{ref}/release/**'], actions: ['pull'] }
    const more = { subjects: [{ issuer: 'ci' }], repositories: ['ci/**'], actions: ['*'] }
    const may = (rules: readonly object[], repository: string, ref: readonly string[]) => [
      ...allowedActions(policyOf(...rules), federated('ci', 's', { ref }), repository),
    ]

    it.each([[[]], [['Main']], [['main', 'dev']], [['a/b']]])('allows no more than that rule: %j', (ref) => {
      expect(may([less, more], 'ci/main/release/x', ref)).toEqual(['pull'])
      expect(may([less, { ...more, actions: ['push', 'delete'] }], 'ci/main/release/x', ref)).toEqual([])
    })

    it('is not limited by that rule where the rule is about the repository for no value of the claim', () => {
      expect(may([less, more], 'ci/main/app', ['Main'])).toEqual(['pull', 'push', 'delete'])
      expect(may([less, more], 'ci/a/b/release/x', ['Main'])).toEqual(['pull', 'push', 'delete'])
    })

    it('grants nothing by that rule', () => {
      expect(may([less], 'ci/main/release/x', ['Main'])).toEqual([])
    })

    it('is limited by no later rule, nor by a rule about other subjects', () => {
      expect(may([more, less], 'ci/main/release/x', ['Main'])).toEqual(['pull', 'push', 'delete'])
      const others = { ...less, subjects: [{ issuer: 'kubernetes' }] }
      expect(may([others, more], 'ci/main/release/x', ['Main'])).toEqual(['pull', 'push', 'delete'])
    })

    it('is decided by that rule where another of its patterns is about the repository', () => {
      const both = { ...less, repositories: ['ci/{ref}/release/**', 'ci/main/**'], actions: ['pull', 'push'] }
      expect(may([both, more], 'ci/main/release/x', ['Main'])).toEqual(['pull', 'push'])
    })

    it('allows nothing that some value of the claim would not allow', () => {
      const component = fc.constantFrom('a', 'b', '*', '**', '{x}', 'a-{x}', '{x...}')
      const pattern = fc
        .array(component, { minLength: 1, maxLength: 3 })
        .filter((parts) => parts.filter((part) => part.includes('...')).length < 2)
        .map((parts) => parts.join('/'))
      const rule = fc.record({
        subjects: fc.constant([{ issuer: 'ci' }]),
        repositories: fc.array(pattern, { minLength: 1, maxLength: 2 }),
        actions: fc.subarray(['pull', 'push', 'delete'], { minLength: 1 }),
      })
      const name = fc.array(fc.constantFrom('a', 'b', 'a-a', 'a-b'), { minLength: 1, maxLength: 4 })
      fc.assert(
        fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), name, (rules, components) => {
          const policy = policyOf(...rules)
          const repository = components.join('/')
          const allowed = (claims: Readonly<Record<string, readonly string[]>>) =>
            allowedActions(policy, federated('ci', 's', claims), repository)
          const without = allowed({})
          for (const value of ['a', 'b', 'c', 'a/b', repository, ...components])
            expect([...without].filter((action) => !allowed({ x: [value] }).has(action))).toEqual([])
        }),
        { numRuns: 3000 },
      )
    })

    it('says in an explanation which rule limits it', () => {
      const policy = policyOf(less, more)
      const { isAllowed, lines } = explain(policy, federated('ci', 's', { ref: ['Main'] }), 'ci/main/release/x', 'push')
      expect([isAllowed, lines[1], lines.at(-1)]).toEqual([
        false,
        'decided by rule 2, which allows pull, push, delete',
        'limited by rule 1, to pull: {ref} of ci/{ref}/release/** cannot be filled in, since "Main" is no name',
      ])
    })
  })

  it.each([
    'Release/app',
    'release/App',
    'release/../app',
    'release//app',
    'a..b',
    '-a',
    '',
    '/a',
    `a/${'b'.repeat(255)}`,
  ])('is about no repository that patterns cannot name, whatever its stars: %s', (repository) => {
    const policy = policyOf({ subjects: ['anonymous'], repositories: ['**', '*', '*/*'], actions: ['*'] })
    expect([...allowedActions(policy, anonymous, repository)]).toEqual([])
    expect(explain(policy, anonymous, repository, 'pull').isAllowed).toBe(false)
  })

  it.each<[string, readonly unknown[], string, boolean]>([
    ['a claim of users', ['users'], 'ci/{ref}/**', false],
    ['a claim of a group', [{ group: 'developers' }], 'ci/{ref}/**', false],
    ['the user of an issuer', [{ issuer: 'ci' }], 'home/{user}/**', false],
    ['the user of an issuer whose claim is configured', [{ issuer: 'kubernetes' }], 'home/{user}/**', true],
    ['the user or an issuer’s', ['users', { issuer: 'ci' }], 'home/{user}/**', true],
    ['a user whose name is no component', [{ user: 'Alice' }], 'home/{user}/**', false],
    ['a user whose name is a component', [{ user: 'alice' }], 'home/{user}/**', true],
    ['both at once of users and an issuer', ['users', { issuer: 'ci' }], '{user}/{ref}', false],
    ['a claim of everybody', ['anonymous'], 'ci/{ref}/**', true],
    ['the user of everybody', ['anonymous'], 'home/{user}', true],
    ['both at once of everybody', ['anonymous'], '{user}/{ref}', true],
  ])('may have a pattern with %s: %j, %s, %s', (_, subjects, pattern, isAccepted) => {
    const names = { issuers: ['ci', 'kubernetes'], issuersWithUser: ['kubernetes'] }
    const rules = [{ subjects, repositories: [pattern], actions: ['pull'] }]
    const parse = () => parsePolicy({ groups: { developers: ['alice'] }, rules }, names)
    expect(problemOf(parse)).toMatch(isAccepted ? /^none$/ : `rule 1: repositories: ${pattern} can never match`)
  })

  it('lets those read the catalog of whom the first rule about it says so', () => {
    const policy = policyOf({ subjects: [{ user: 'bob' }], catalog: false }, everything, developers, {
      subjects: ['users'],
      catalog: true,
    })
    expect(catalogRule(policy, user('root'))?.catalog).toBe(true)
    expect(catalogRule(policy, user('alice'))?.catalog).toBe(true)
    expect(catalogRule(policy, user('bob'))?.catalog).toBe(false)
    expect(catalogRule(policy, anonymous)).toBeUndefined()
  })

  it.each<[string, unknown, string]>([
    ['nothing', null, 'the policy: must be a mapping'],
    ['a list', [], 'the policy: must be a mapping'],
    ['no rules', {}, 'rules: must be a list'],
    ['another key', { rules: [], rule: [] }, 'the policy: unknown key "rule"; there are groups, rules'],
    ['a rule of another kind', { rules: ['x'] }, 'rule 1: must be a mapping'],
    ['a rule with another key', { rules: [{ ...reading, repos: [] }] }, 'rule 1: unknown key "repos"'],
    ['nobody', { rules: [{ ...reading, subjects: [] }] }, 'rule 1: subjects says nobody'],
    ['no subjects', { rules: [{ repositories: ['a'], actions: [] }] }, 'rule 1: subjects: must be a list'],
    ['another subject', { rules: [{ ...reading, subjects: ['all'] }] }, 'rule 1: "all" is no subject'],
    ['two in one', { rules: [{ ...reading, subjects: [{ user: 'a', group: 'b' }] }] }, 'a subject is one of'],
    ['a user without name', { rules: [{ ...reading, subjects: [{ user: '' }] }] }, 'a subject is one of'],
    [
      'anonymous as a user',
      { rules: [{ ...reading, subjects: [{ user: 'anonymous' }] }] },
      'no user is called anonymous',
    ],
    ['a missing group', { rules: [{ ...reading, subjects: [{ group: 'b' }] }] }, 'there is no group "b"'],
    ['a missing issuer', { rules: [{ ...reading, subjects: [{ issuer: 'b' }] }] }, 'there is no issuer "b"'],
    [
      'claims of a user',
      { rules: [{ ...reading, subjects: [{ user: 'a', claims: {} }] }] },
      'only what an issuer says',
    ],
    ['an empty claim', { rules: [{ ...reading, subjects: [{ issuer: 'ci', claims: { a: [] } }] }] }, 'is empty'],
    [
      'a claim of a claim',
      { rules: [{ ...reading, subjects: [{ issuer: 'ci', claims: { a: {} } }] }] },
      'must be a text',
    ],
    ['another action', { rules: [{ ...reading, actions: ['read'] }] }, '"read" is none of pull, push, delete and *'],
    ['no action', { rules: [{ subjects: ['users'], repositories: ['a'] }] }, 'needs both repositories and actions'],
    ['nothing to be about', { rules: [{ subjects: ['users'] }] }, 'is about nothing'],
    ['a broken pattern', { rules: [{ ...reading, repositories: ['A'] }] }, 'no name of a repository has "A"'],
    [
      'a rule that denies by a claim',
      {
        rules: [
          reading,
          { name: 'no', subjects: [{ issuer: 'ci' }], repositories: ['a/**', 'ci/x-{b}/**'], actions: [] },
        ],
      },
      'rule 2: repositories: ci/x-{b}/**: a rule that allows nothing cannot have {b}',
    ],
    [
      'a rule that denies by a path',
      { rules: [{ subjects: [{ issuer: 'ci' }], repositories: ['ci/{path...}'], actions: [] }] },
      'rule 1: repositories: ci/{path...}: a rule that allows nothing cannot have {path}',
    ],
    ['groups of another kind', { groups: { a: 'b' }, rules: [] }, 'groups.a: must be a list'],
    [
      'a catalog of another kind',
      { rules: [{ subjects: ['users'], catalog: 'yes' }] },
      'catalog must be true or false',
    ],
  ])('cannot have %s', (_, document, reason) => {
    expect(() => parsePolicy(document, { issuers: ['ci'] })).toThrow(reason)
  })

  it('is told all that is wrong with it', () => {
    const broken = {
      rules: [
        { ...reading, actions: ['x'] },
        { ...reading, subjects: [] },
      ],
    }
    expect(() => parsePolicy(broken, { issuers: [] })).toThrow(/rule 1: .*; rule 2: /)
  })
})

describe('an explanation', () => {
  const policy = policyOf(
    {
      name: 'clusters',
      subjects: [{ issuer: 'kubernetes' }],
      repositories: ['ci/{namespace}/**'],
      actions: ['pull', 'push'],
    },
    developers,
    reading,
  )

  it('names the rule that allows', () => {
    expect(explain(policy, user('alice'), 'team/app', 'push')).toEqual({
      isAllowed: true,
      lines: [
        'allowed: alice may push in team/app',
        'decided by rule 2, which allows pull, push',
        '  subject: group developers',
        '  repositories: team/**',
      ],
    })
  })

  it('names the rule that denies', () => {
    const { isAllowed, lines } = explain(policy, user('alice'), 'team/app', 'delete')
    expect(isAllowed).toBe(false)
    expect(lines.slice(0, 2)).toEqual([
      'denied: alice may not delete in team/app',
      'decided by rule 2, which allows pull, push',
    ])
  })

  it('says that no rule decides', () => {
    expect(explain(policy, anonymous, 'team/app', 'pull').lines).toEqual([
      'denied: anonymous may not pull in team/app',
      'no rule is about both',
    ])
  })

  it.each([
    [{ namespace: ['a/b'] }, '"a/b" is no name'],
    [{}, 'there is no one value of it'],
  ])('says which claim could not be filled in: %j', (claims, why) => {
    expect(explain(policy, federated('kubernetes', 'sa', claims), 'ci/a/b', 'pull').lines.at(-1)).toBe(
      `passed over rule 1, "clusters": {namespace} of ci/{namespace}/** cannot be filled in, since ${why}`,
    )
  })

  it('says who may read the catalog', () => {
    expect(explainCatalog(policyOf(everything), user('root')).lines).toEqual([
      'allowed: root may read the catalog',
      'decided by rule 1',
    ])
    expect(explainCatalog(policyOf(everything), user('bob')).isAllowed).toBe(false)
  })

  it('agrees with what is granted', () => {
    const subjects = [anonymous, user('alice'), user('zoe'), federated('kubernetes', 'sa', { namespace: ['a'] })]
    for (const subject of subjects)
      for (const name of ['team/app', 'public/x', 'ci/a/b', 'ci/b/b', 'x'])
        for (const action of ['pull', 'push', 'delete'] as const)
          expect(explain(policy, subject, name, action).isAllowed).toBe(
            allowedActions(policy, subject, name).has(action),
          )
  })
})
