import { describe, expect, it } from 'vitest'
import { parseBasic } from './basic-credentials.ts'

const encoded = (text: string): string => Buffer.from(text).toString('base64')

describe('credentials of the scheme Basic', () => {
  it.each([
    ['Basic', 'bob:secret', { name: 'bob', password: 'secret' }],
    ['basic', 'bob:', { name: 'bob', password: '' }],
    ['BASIC ', ':secret', { name: '', password: 'secret' }],
    ['Basic', 'bob:a:b', { name: 'bob', password: 'a:b' }],
    ['Basic', 'Zoë:새주', { name: 'Zoë', password: '새주' }],
  ])('%s %s are read', (scheme, text, credentials) => {
    expect(parseBasic(`${scheme} ${encoded(text)}`)).toEqual(credentials)
  })

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    `Bearer ${encoded('bob:secret')}`,
    `Basic ${encoded('bob')}`,
    'Basic ***',
  ])('there are none in %j', (authorization) => {
    expect(parseBasic(authorization)).toBeUndefined()
  })
})
