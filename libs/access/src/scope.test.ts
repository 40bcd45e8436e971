import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatScopes, parseScopes } from './scope.ts'

describe('scopes', () => {
  it.each([
    ['repository:a/b:pull', [{ type: 'repository', name: 'a/b', actions: ['pull'] }]],
    ['repository:a:pull,push', [{ type: 'repository', name: 'a', actions: ['pull', 'push'] }]],
    ['registry:catalog:*', [{ type: 'registry', name: 'catalog', actions: ['*'] }]],
    ['repository:host:5000/a:pull', [{ type: 'repository', name: 'host:5000/a', actions: ['pull'] }]],
    ['repository(plugin):a:pull', [{ type: 'repository', class: 'plugin', name: 'a', actions: ['pull'] }]],
    ['repository:a:', [{ type: 'repository', name: 'a', actions: [] }]],
    ['repository:a:pull,,push,', [{ type: 'repository', name: 'a', actions: ['pull', 'push'] }]],
    [
      'repository:a:pull repository:b:push',
      [
        { type: 'repository', name: 'a', actions: ['pull'] },
        { type: 'repository', name: 'b', actions: ['push'] },
      ],
    ],
  ])('%s is read', (text, scopes) => {
    expect(parseScopes(text)).toEqual(scopes)
  })

  it.each([
    '',
    ' ',
    'repository',
    'repository:a',
    'Repository:a:pull',
    'repository:a:PULL',
    ':a:pull',
    'repository::pull',
  ])('nothing is read of %j', (text) => {
    expect(parseScopes(text)).toEqual([])
  })

  it('are read as they were written', () => {
    const access = fc.record({
      type: fc.constantFrom('repository', 'registry'),
      name: fc.stringMatching(/^[a-z0-9:/._-]{1,20}$/),
      action: fc.constantFrom('pull', 'push', 'delete', '*'),
    })
    fc.assert(
      fc.property(fc.array(access, { maxLength: 6 }), (accesses) => {
        const read = parseScopes(formatScopes(accesses)).flatMap(({ type, name, actions }) =>
          actions.map((action) => `${type} ${name} ${action}`),
        )
        expect(new Set(read)).toEqual(new Set(accesses.map(({ type, name, action }) => `${type} ${name} ${action}`)))
      }),
    )
  })
})
