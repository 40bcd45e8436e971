import { hashSync } from 'bcryptjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PasswordVerifier, type PasswordVerifierOptions } from './password-verifier.ts'

const hash = hashSync('secret', 4)

function verifier(options: PasswordVerifierOptions = {}): PasswordVerifier {
  const opened = new PasswordVerifier(options)
  onTestFinished(() => opened.close())
  return opened
}

describe('a verifier of passwords', () => {
  it('tells right from wrong', async () => {
    const verify = verifier()
    expect(await Promise.all([verify.verify('secret', hash), verify.verify('other', hash)])).toEqual([true, false])
  })

  it('answers each what it asked, with fewer threads than questions', async () => {
    const verify = verifier({ threads: 2 })
    const asked = Array.from({ length: 20 }, (_, index) => index % 3 === 0)
    const answers = asked.map((isRight) => verify.verify(isRight ? 'secret' : 'other', hash))
    expect(await Promise.all(answers)).toEqual(asked)
  })

  it('does not let more wait than it should', async () => {
    const verify = verifier({ threads: 1, maxWaiting: 2 })
    const asked = [verify.verify('a', hash), verify.verify('b', hash), verify.verify('c', hash)]
    expect(verify.isFull).toBe(true)
    await expect(verify.verify('d', hash)).rejects.toThrow('too many passwords wait')
    expect(await Promise.all(asked)).toEqual([false, false, false])
    expect(verify.isFull).toBe(false)
  })

  it('lets sixteen wait for each thread where nothing else is said', async () => {
    const verify = verifier({ threads: 1 })
    const asked = Array.from({ length: 17 }, () => verify.verify('secret', hash))
    expect(verify.isFull).toBe(true)
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]))
  })

  it('goes on with a new thread where one fails', async () => {
    const verify = verifier({ threads: 1 })
    // bcrypt wants a text, and the thread does not survive anything else.
    const failed = verify.verify('a', undefined as unknown as string)
    const next = verify.verify('secret', hash)
    await expect(failed).rejects.toThrow('Illegal arguments')
    expect(await next).toBe(true)
  })

  it('leaves nobody waiting when it is closed', async () => {
    const verify = verifier({ threads: 1 })
    const asked = [verify.verify('a', hashSync('b', 12)), verify.verify('c', hash)]
    const settled = Promise.allSettled(asked)
    await verify.close()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(verify.verify('a', hash)).rejects.toThrow('not verified any more')
  })
})
