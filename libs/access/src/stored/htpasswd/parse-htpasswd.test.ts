import { describe, expect, it } from 'vitest'
import { findUnusableLines, isBcrypt, parseHtpasswd } from './parse-htpasswd.ts'

describe('an htpasswd file', () => {
  it('has a user in each line that is not empty and no comment', () => {
    const text = '\n# comment\nbilbo:{SHA}x\r\n  frodo:$2y$x  \n#sam:y\nasdf:as#df\n'
    expect([...parseHtpasswd(text)]).toEqual([
      ['bilbo', '{SHA}x'],
      ['frodo', '$2y$x'],
      ['asdf', 'as#df'],
    ])
  })

  it('may have a comment after a hash, as Apache and Distribution allow', () => {
    expect([...parseHtpasswd('a:hash:Alice, of team a: admin\nb:hash:')]).toEqual([
      ['a', 'hash'],
      ['b', 'hash'],
    ])
  })

  it('has lines with which nobody can log in, which are named without their hashes', () => {
    const bcrypt = `$2y$05$${'a'.repeat(53)}`
    const text = [
      `frodo:${bcrypt}`,
      '# comment',
      'apr:$apr1$salt$hunter2',
      'md5:$1$salt$hunter2',
      'bilbo:{SHA}hunter2',
      'ldap:{SSHA}hunter2',
      'sha256:$5$salt$hunter2',
      'sha512:$6$salt$hunter2',
      'yes:$y$j9T$hunter2',
      'argon:$argon2id$hunter2',
      'cut:$2y$05$hunter2',
      'des:hunter2hunter',
      'plain:hunter2',
      'empty:',
      `blank: ${bcrypt}`,
      `twice:${bcrypt}`,
      `twice:${bcrypt}:comment`,
    ].join('\n')
    const lines = findUnusableLines(text)
    expect(lines.map(({ line, user, reason }) => `${line} ${user}: ${reason}`)).toEqual([
      '3 apr: MD5',
      '4 md5: MD5',
      '5 bilbo: SHA-1',
      '6 ldap: a hash of LDAP',
      '7 sha256: SHA-256 crypt',
      '8 sha512: SHA-512 crypt',
      '9 yes: yescrypt',
      '10 argon: Argon2',
      '11 cut: an incomplete or invalid bcrypt hash',
      '12 des: DES crypt or plain text',
      '13 plain: plain text or an unknown hash',
      '14 empty: no hash',
      '15 blank: blanks around the hash',
      '16 twice: line 17 is about the same user',
    ])
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|salt|aaaa/)
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
