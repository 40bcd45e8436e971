import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

describe('tokens that were asked for', () => {
  it('are counted by what was shown for them, and what came of it', async () => {
    const metrics = createMetrics({ version: '1', withProcess: false })
    metrics.tokens.asked('password', 'issued')
    metrics.tokens.asked('password', 'limited')
    metrics.tokens.asked('password', 'limited')
    metrics.tokens.asked('identity', 'refused')
    const lines = (await metrics.render()).split('\n').filter((line) => /^berth_tokens_total.* [1-9]/.test(line))
    expect(lines).toEqual([
      'berth_tokens_total{credentials="password",outcome="issued"} 1',
      'berth_tokens_total{credentials="password",outcome="limited"} 2',
      'berth_tokens_total{credentials="identity",outcome="refused"} 1',
    ])
  })
})
