import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AccessController, AccessDecision, AccessRequest } from '../access-controller.ts'
import type { Access } from '../access.ts'
import { formatChallenge } from '../challenge.ts'

/** A controller, and credentials that it knows. */
export interface ControllerUnderTest {
  readonly controller: AccessController
  /** `Authorization` headers by which `bob` is granted `pull` of `team/app`. */
  readonly right: string
  /** Of the same form, and worth nothing. */
  readonly wrong: string
  readonly close?: () => Promise<void>
}

const pull: Access = { type: 'repository', name: 'team/app', action: 'pull' }

/** What any controller must do, whatever it knows people by. */
export function describeAccessController(name: string, open: () => Promise<ControllerUnderTest>): void {
  describe(`access control by ${name}`, () => {
    async function opened() {
      const { controller, close, ...credentials } = await open()
      if (close !== undefined) onTestFinished(close)
      const connection = {}
      const decide = (authorization: string | undefined, accesses: readonly Access[] = [pull]) =>
        controller.decide({ ...requestOf(authorization, accesses), connection })
      return { decide, ...credentials }
    }

    it('denies whoever has no credentials, and says which are wanted', async () => {
      const { decide } = await opened()
      const decision = await decide(undefined)
      expect(decision).toMatchObject({ outcome: 'denied', reason: 'no credentials' })
      expect(challengeOf(decision)).toMatch(/^(?:Basic|Bearer) realm="[^"]+"/)
    })

    it('denies whoever has none even where nothing is asked for', async () => {
      const { decide } = await opened()
      const decision = await decide(undefined, [])
      expect(decision).toMatchObject({ outcome: 'denied', reason: 'no credentials' })
      expect(challengeOf(decision)).not.toContain('scope')
    })

    it('grants what right credentials are for, and says whose they are', async () => {
      const { decide, right } = await opened()
      expect(await decide(right)).toEqual({ outcome: 'granted', identity: { name: 'bob' } })
      expect(await decide(right, [])).toEqual({ outcome: 'granted', identity: { name: 'bob' } })
    })

    it('takes no waiting for credentials that were seen before', async () => {
      const { decide, right } = await opened()
      await decide(right)
      expect(decide(right)).toEqual({ outcome: 'granted', identity: { name: 'bob' } })
    })

    it('denies wrong credentials, the second time, too', async () => {
      const { decide, wrong } = await opened()
      const denied = { outcome: 'denied', reason: 'invalid credentials' }
      expect(await decide(wrong)).toMatchObject(denied)
      expect(await decide(wrong)).toMatchObject(denied)
    })

    it('decides about many requests with the same credentials at once', async () => {
      const { decide, right, wrong } = await opened()
      const decisions = await Promise.all([right, wrong, right, wrong, right].map(async (each) => decide(each)))
      expect(decisions.map(({ outcome }) => outcome)).toEqual(['granted', 'denied', 'granted', 'denied', 'granted'])
    })

    it('decides by what a request itself carries, whatever came before on its connection', async () => {
      const { decide, right, wrong } = await opened()
      const said = [right, wrong, right, undefined, wrong, undefined, right]
      const outcomes: string[] = []
      for (const each of said) outcomes.push((await decide(each)).outcome)
      expect(outcomes).toEqual(said.map((each) => (each === right ? 'granted' : 'denied')))
    })

    it('denies whatever else a client may say', async () => {
      const { decide, right } = await opened()
      const [scheme = '', credentials = ''] = right.split(' ')
      const said = ['', ' ', scheme, `${scheme} `, credentials, `x${right}`, `${right} x`, `${scheme},${credentials}`]
      for (const each of said) expect(await decide(each)).toMatchObject({ outcome: 'denied' })
    })

    it('denies anything that is no credentials', async () => {
      const { decide } = await opened()
      const text = fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' }))
      const scheme = fc.constantFrom('Basic ', 'Bearer ', 'bearer ', 'Basic', '')
      const property = fc.asyncProperty(scheme, text, async (before, after) => {
        const { outcome } = await decide(before + after)
        expect(['denied', 'limited']).toContain(outcome)
      })
      await fc.assert(property, { numRuns: 50 })
    })
  })
}

function requestOf(authorization: string | undefined, accesses: readonly Access[]): AccessRequest {
  return { authorization, accesses, source: '192.0.2.1', host: 'registry.example', scheme: undefined }
}

function challengeOf(decision: AccessDecision): string {
  return decision.outcome === 'denied' ? formatChallenge(decision.challenge) : ''
}
