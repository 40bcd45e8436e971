import { describe, expect, it } from 'vitest'
import type { Access } from './access.ts'
import { type Challenge, formatChallenge } from './challenge.ts'

const bearer = { scheme: 'Bearer', realm: 'https://auth.example.com/token', service: 'reg.example.com' } as const
const start = 'Bearer realm="https://auth.example.com/token",service="reg.example.com"'
const access = (name: string, action: Access['action']): Access => ({ type: 'repository', name, action })

describe('a challenge', () => {
  const rows: readonly [string, Challenge, string][] = [
    ['of passwords', { scheme: 'Basic', realm: 'basic-realm' }, 'Basic realm="basic-realm"'],
    ['with quotes', { scheme: 'Basic', realm: String.raw`a"b\c` }, String.raw`Basic realm="a\"b\\c"`],
    [
      'beyond ASCII, as the bytes of UTF-8',
      { scheme: 'Basic', realm: 'imágenes 登録' },
      `Basic realm="${Buffer.from('imágenes 登録').toString('latin1')}"`,
    ],
    ['of tokens for nothing', { ...bearer, accesses: [] }, start],
    [
      'of tokens, each thing once, in the order in which they are asked for',
      { ...bearer, accesses: [access('foo', 'pull'), access('foo', 'push'), access('bar', 'pull')] },
      `${start},scope="repository:foo:pull,push repository:bar:pull"`,
    ],
    [
      'of a token that is not enough',
      { ...bearer, accesses: [{ type: 'registry', name: 'catalog', action: '*' }], error: 'insufficient_scope' },
      `${start},scope="registry:catalog:*",error="insufficient_scope"`,
    ],
    ['of a token that is none', { ...bearer, accesses: [], error: 'invalid_token' }, `${start},error="invalid_token"`],
  ]

  it.each(rows)('%s is written as clients read it', (_, challenge, text) => {
    expect(formatChallenge(challenge)).toBe(text)
  })
})
