import { describe, expect, it } from 'vitest'
import { helpText } from './help-text.ts'

describe('the help', () => {
  it('has the keys of the sections that a process uses, and no others', () => {
    expect(helpText({ name: 'berth' })).not.toMatch(/ rpc\.listen | services\./)
    expect(helpText({ name: 'manifest', uses: ['rpc', 'services'] })).toMatch(/ rpc\.listen [^]* services\.blobs\./)
  })
})
