import { describe, expect, it } from 'vitest'
import { isBcrypt, parseHtpasswd } from './parse-htpasswd.ts'

describe('an htpasswd file', () => {
  it('has a user in each line that is not empty and no comment', () => {
    const text = '\n# comment\nbilbo:{SHA}x\r\n  frodo:$2y$x  \n#sam:y\nasdf:as#df\n'
    expect([...parseHtpasswd(text)]).toEqual([
      ['bilbo', '{SHA}x'],
      ['frodo', '$2y$x'],
      ['asdf', 'as#df'],
    ])
  })

  it('may be empty', () => {
    expect(parseHtpasswd('').size).toBe(0)
  })

  it('has the last of the lines with one name', () => {
    expect(parseHtpasswd('a:1\na:2').get('a')).toBe('2')
  })

  it('is refused with the number of a line that is no entry, and nothing of what that says', () => {
    const read = () => parseHtpasswd('a:b\n\n# c\nsecret\n')
    expect(read).toThrow('htpasswd: invalid entry at line 4')
    expect(read).not.toThrow('secret')
  })
})

describe('a hash', () => {
  const rest = 'kcxvzLqP4mW0dS5u1sE3beYV0xAqUoK3v1oD4nPqX6tZrS9uHwJyA'
  it.each([`$2y$05$${rest}`, `$2a$10$${rest}`, `$2b$31$${rest}`])('%s is of bcrypt', (hash) => {
    expect(isBcrypt(hash)).toBe(true)
  })

  it.each(['', '{SHA}5siv5c0SHx681xU6GiSx9ZQryqs=', `$2y$03$${rest}`, `$2y$32$${rest}`, `$2y$05$${rest}A`, '공주님'])(
    '%s is not',
    (hash) => {
      expect(isBcrypt(hash)).toBe(false)
    },
  )
})
