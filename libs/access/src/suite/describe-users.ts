import { describe, expect, it, onTestFinished } from 'vitest'
import type { Users } from '../users.ts'

/** Users of whom one is `bob`, with the password `secret: π`. */
export interface UsersUnderTest {
  readonly users: Users
  readonly close?: () => Promise<void>
}

const password = 'secret: π'
const source = '192.0.2.1'

/** What users must do, wherever they are kept. */
export function describeUsers(name: string, open: () => Promise<UsersUnderTest>): void {
  describe(`users ${name}`, () => {
    async function opened(): Promise<Users> {
      const { users, close } = await open()
      if (close !== undefined) onTestFinished(close)
      return users
    }

    it('log in by their passwords, and without waiting the next time', async () => {
      const users = await opened()
      expect(await users.logIn('bob', password, source)).toEqual({ outcome: 'accepted' })
      expect(users.logIn('bob', password, '192.0.2.2')).toEqual({ outcome: 'accepted' })
    })

    it.each([
      ['another password', 'bob', 'secret'],
      ['no password', 'bob', ''],
      ['the name of nobody', 'alice', password],
      ['no name', '', password],
      ['another spelling', 'Bob', password],
      ['what together is the same text', 'bob:secret', ' π'],
    ])('do not log in by %s', async (_, user, given) => {
      const users = await opened()
      await users.logIn('bob', password, source)
      expect(await users.logIn(user, given, source)).toEqual({ outcome: 'refused' })
      expect(await users.logIn(user, given, source)).toEqual({ outcome: 'refused' })
    })

    it('are looked at once where many requests come at the same time', async () => {
      const users = await opened()
      const logIns = Array.from({ length: 50 }, async () => users.logIn('bob', password, source))
      expect(new Set(await Promise.all(logIns))).toEqual(new Set([{ outcome: 'accepted' }]))
    })

    it('cannot be guessed at as often as one likes, and that is no hindrance to who knows', async () => {
      const users = await opened()
      await users.logIn('bob', password, source)
      const guesses = Array.from({ length: 200 }, async (_, guess) => users.logIn('bob', `guess ${guess}`, source))
      const outcomes = (await Promise.all(guesses)).map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'limited').length).toBeGreaterThan(150)
      expect(outcomes).not.toContain('accepted')
      expect(users.logIn('bob', password, source)).toEqual({ outcome: 'accepted' })
    })
  })
}
