import { type Policy, type PolicyAction, policyActions, type Rule, type SubjectPattern } from './policy.ts'
import { PatternIndex } from './pattern-index.ts'
import { canFill, claimsIn, parseRepositoryPattern, type RepositoryPattern } from './repository-pattern.ts'
import { parseTextPattern, type TextPattern } from './text-pattern.ts'

/** Whom a policy may speak of. */
export interface PolicyNames {
  /** The issuers that there are. */
  readonly issuers: readonly string[]
  /** Those of them whose claim `user` is configured. */
  readonly issuersWithUser?: readonly string[]
}

/**
 * A policy of what its file holds.
 *
 * @throws Error with all that is wrong with it
 */
export function parsePolicy(document: unknown, names: PolicyNames): Policy {
  const problems: string[] = []
  const reader = new PolicyReader(problems, names)
  const policy = reader.read(document)
  if (problems.length > 0) throw new Error(problems.join('; '))
  return policy
}

type Mapping = Readonly<Record<string, unknown>>

const anybodyOfIssuer = { kind: 'issuer', subject: undefined, claims: new Map() } as const

class PolicyReader {
  readonly #problems: string[]
  readonly #issuers: readonly string[]
  readonly #issuersWithUser: readonly string[]
  #groups: ReadonlyMap<string, ReadonlySet<string>> = new Map()

  constructor(problems: string[], { issuers, issuersWithUser = [] }: PolicyNames) {
    this.#problems = problems
    this.#issuers = issuers
    this.#issuersWithUser = issuersWithUser
  }

  read(document: unknown): Policy {
    const { groups, rules } = this.#mapping(document, 'the policy', ['groups', 'rules'])
    this.#groups = new Map(
      Object.entries(this.#anyMapping(groups ?? {}, 'groups')).map(([name, users]) => [
        name,
        new Set(this.#texts(users, `groups.${name}`)),
      ]),
    )
    if (!Array.isArray(rules)) this.#problem('rules', 'must be a list')
    const listed: readonly unknown[] = Array.isArray(rules) ? rules : []
    const parsed = listed.map((rule, at) => this.#rule(rule, at + 1))
    return { groups: this.#groups, rules: parsed, patterns: new PatternIndex(parsed) }
  }

  #rule(given: unknown, number: number): Rule {
    const at = `rule ${number}`
    const keys = ['name', 'subjects', 'repositories', 'actions', 'catalog']
    const { name, subjects, repositories, actions, catalog } = this.#mapping(given, at, keys)
    if (name !== undefined && typeof name !== 'string') this.#problem(at, 'name must be a text')
    if (catalog !== undefined && typeof catalog !== 'boolean') this.#problem(at, 'catalog must be true or false')
    if (repositories === undefined && catalog === undefined)
      this.#problem(at, 'is about nothing: it needs repositories or catalog')
    if ((repositories === undefined) !== (actions === undefined))
      this.#problem(at, 'needs both repositories and actions, or neither')
    const who = this.#list(subjects, `${at}: subjects`).flatMap((each) => this.#subject(each, at))
    if (who.length === 0) this.#problem(at, 'subjects says nobody')
    const patterns = this.#parsed(repositories, `${at}: repositories`, parseRepositoryPattern)
    if (Array.isArray(actions) && actions.length === 0) this.#denyForAll(patterns, at)
    for (const pattern of patterns) this.#requireFillable(pattern, who, at)
    return {
      number,
      name: typeof name === 'string' ? name : undefined,
      subjects: who,
      repositories: patterns,
      actions: new Set(this.#parsed(actions, `${at}: actions`, actionsOf).flat()),
      catalog: typeof catalog === 'boolean' ? catalog : undefined,
    }
  }

  /** A pattern that no subject of its rule can fill never decides: it is a mistake, and a restriction that is none. */
  #requireFillable(pattern: RepositoryPattern, subjects: readonly SubjectPattern[], at: string): void {
    const claims = claimsIn(pattern)
    if (claims.length === 0 || subjects.length === 0 || subjects.some((each) => this.#canFill(each, pattern))) return
    const named = claims.map((claim) => `{${claim}}`).join(' and ')
    this.#problem(
      `${at}: repositories`,
      `${pattern.text} can never match: none of the rule’s subjects has ${named} ({user} is the name of a user, and of an issuer’s subject only where the issuer’s claims name it)`,
    )
  }

  #canFill(subject: SubjectPattern, pattern: RepositoryPattern): boolean {
    const claims = claimsIn(pattern)
    switch (subject.kind) {
      case 'anonymous': {
        const everyIssuer = this.#issuers.map((issuer): SubjectPattern => ({ ...anybodyOfIssuer, issuer }))
        return [{ kind: 'users' } as const, ...everyIssuer].some((each) => this.#canFill(each, pattern))
      }
      case 'users':
        return claims.every((claim) => claim === 'user')
      case 'user':
        return claims.every((claim) => claim === 'user') && canFill(pattern, 'user', subject.name)
      case 'group': {
        const users = this.#groups.get(subject.name) ?? []
        return claims.every((claim) => claim === 'user') && [...users].some((name) => canFill(pattern, 'user', name))
      }
      case 'issuer':
        return !claims.includes('user') || this.#issuersWithUser.includes(subject.issuer)
    }
  }

  /** A claim’s value could only make a rule deny what is the subject’s own. */
  #denyForAll(patterns: readonly RepositoryPattern[], at: string): void {
    for (const pattern of patterns)
      for (const claim of claimsIn(pattern))
        this.#problem(
          `${at}: repositories`,
          `${pattern.text}: a rule that allows nothing cannot have {${claim}}, since it would deny each subject only what the claim names`,
        )
  }

  #subject(given: unknown, at: string): SubjectPattern[] {
    if (given === 'anonymous' || given === 'users') return [{ kind: given }]
    if (typeof given === 'string') {
      this.#problem(at, `${JSON.stringify(given)} is no subject: anonymous, users, user: …, group: … or issuer: …`)
      return []
    }
    const keys = ['user', 'group', 'issuer', 'subject', 'claims']
    const { user, group, issuer, subject, claims } = this.#mapping(given, `${at}: a subject`, keys)
    const kinds = [user, group, issuer].filter((each) => each !== undefined)
    const [named] = kinds
    if (kinds.length !== 1 || typeof named !== 'string' || named === '') {
      this.#problem(at, 'a subject is one of user, group and issuer, with a name')
      return []
    }
    if (issuer === undefined && (subject !== undefined || claims !== undefined))
      this.#problem(at, 'only what an issuer says of somebody has subject or claims')
    if (user === 'anonymous') this.#problem(at, 'no user is called anonymous; the subject is: anonymous')
    if (user !== undefined) return [{ kind: 'user', name: named }]
    if (group !== undefined) {
      if (!this.#groups.has(named)) this.#problem(at, `there is no group ${JSON.stringify(named)}`)
      return [{ kind: 'group', name: named }]
    }
    if (!this.#issuers.includes(named)) this.#problem(at, `there is no issuer ${JSON.stringify(named)}`)
    const [text] = subject === undefined ? [] : this.#patterns(subject, `${at}: subject`)
    return [{ kind: 'issuer', issuer: named, subject: text, claims: this.#claims(claims ?? {}, at) }]
  }

  #claims(given: unknown, at: string): ReadonlyMap<string, readonly TextPattern[]> {
    const entries = Object.entries(this.#anyMapping(given, `${at}: claims`))
    return new Map(entries.map(([name, values]) => [name, this.#patterns(values, `${at}: claims.${name}`)]))
  }

  /** One text, or several; numbers and booleans are what they are written as. */
  #patterns(given: unknown, at: string): readonly TextPattern[] {
    const values: readonly unknown[] = Array.isArray(given) ? given : [given]
    if (values.length === 0) this.#problem(at, 'is empty')
    return values.flatMap((value) => {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        return [parseTextPattern(String(value))]
      this.#problem(at, 'must be a text, or several')
      return []
    })
  }

  #parsed<T>(given: unknown, at: string, parse: (text: string) => T): T[] {
    if (given === undefined) return []
    return this.#texts(given, at).flatMap((text) => {
      try {
        return [parse(text)]
      } catch (error) {
        this.#problem(at, error instanceof Error ? error.message : String(error))
        return []
      }
    })
  }

  #texts(given: unknown, at: string): string[] {
    return this.#list(given, at).flatMap((text) => {
      if (typeof text === 'string') return [text]
      this.#problem(at, 'must be a list of texts')
      return []
    })
  }

  #list(given: unknown, at: string): readonly unknown[] {
    if (Array.isArray(given)) return given
    this.#problem(at, 'must be a list')
    return []
  }

  #mapping(given: unknown, at: string, known: readonly string[]): Mapping {
    const mapping = this.#anyMapping(given, at)
    for (const key of Object.keys(mapping))
      if (!known.includes(key)) this.#problem(at, `unknown key ${JSON.stringify(key)}; there are ${known.join(', ')}`)
    return mapping
  }

  #anyMapping(given: unknown, at: string): Mapping {
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as Mapping
    this.#problem(at, 'must be a mapping')
    return {}
  }

  #problem(at: string, message: string): void {
    this.#problems.push(`${at}: ${message}`)
  }
}

function actionsOf(text: string): readonly PolicyAction[] {
  if (text === '*') return policyActions
  const action = policyActions.find((each) => each === text)
  if (action === undefined) throw new Error(`${JSON.stringify(text)} is none of ${policyActions.join(', ')} and *`)
  return [action]
}
