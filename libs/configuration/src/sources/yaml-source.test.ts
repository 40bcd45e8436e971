import { describe, expect, it } from 'vitest'
import { Findings } from '../problems.ts'
import { toPlain } from './tree.ts'
import { parseYaml } from './yaml-source.ts'

function read(text: string) {
  const findings = new Findings()
  const tree = parseYaml(text, findings)
  return { plain: tree && toPlain(tree), problems: findings.problems }
}

describe('YAML', () => {
  it('keeps the text of a value beside what it means', () => {
    const tree = parseYaml('a: 0123', new Findings())
    expect(tree?.kind === 'mapping' && tree.entries.get('a')).toEqual({
      kind: 'scalar',
      value: 123,
      text: '0123',
      origin: 'line 1',
    })
  })

  it('keeps a key that looks like a number as it is written', () => {
    expect(read('0700: x').plain).toEqual({ '0700': 'x' })
  })

  it('follows aliases and merges, in which the own key wins', () => {
    expect(read('base: &b {a: 1, b: 2}\nmore: {<<: *b, b: 3}\nlist: {<<: [{a: 4}, {a: 5, c: 6}]}').plain).toEqual({
      base: { a: 1, b: 2 },
      more: { a: 1, b: 3 },
      list: { a: 4, c: 6 },
    })
  })

  it.each([
    ['a key that is there twice', 'a: 1\nb: 2\na: 3', 'line 3', 'unique'],
    ['a bracket that stays open', 'a: 1\nb: [1', 'line 2', 'not valid YAML'],
    ['a second document', 'a: 1\n---\nb: 1', 'line 2', 'multiple documents'],
    ['a tab that indents', 'a:\n\tb: 1', 'line 2', 'not valid YAML'],
  ])('refuses %s, with its line', (_, text, origin, message) => {
    expect(read(text).problems[0]).toMatchObject({ origin, message: expect.stringContaining(message) })
  })

  it('ends where aliases would not', () => {
    expect(read('a: &a [*a]').problems[0]?.message).toContain('nested deeper than 64 levels')
    const bomb = [
      'l0: &l0 [x]',
      ...Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`),
    ]
    expect(read(bomb.join('\n')).problems[0]?.message).toContain('more than 100000 values')
  })

  it('refuses a key that is no word', () => {
    expect(read('? [a]\n: b').problems[0]?.message).toContain('a key that is not a plain word')
  })
})
