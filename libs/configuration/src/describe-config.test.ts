import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeConfig } from './descriptions/describe-config.ts'

const documentation = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
// The two roles have the flat keys, and s3aws those of s3: they are documented with them.
const documented = describeConfig().filter(({ path }) => !/^(?:redis\.(?:queue|cache)|storage\.s3aws)\./.test(path))

describe('the documentation of the configuration', () => {
  it.each(documented.map(({ path }) => path))('has %s', (path) => {
    expect(documentation).toContain(`\`${path}\``)
  })

  it('has each default', () => {
    const rows = documentation.split('\n')
    const wrong = documented.filter(({ path, default: value }) => {
      const row = rows.find((line) => line.startsWith(`| \`${path}\` `))
      return value !== undefined && !row?.includes(`\`${value}\``)
    })
    expect(wrong).toEqual([])
  })

  it('says of each key that has no effect, or stops the start, that it does', () => {
    const [supported = ''] = documentation.split('## Known and not supported yet')
    const wrong = documented.filter(
      ({ path, support }) => support !== 'supported' && supported.includes(`| \`${path}\` `),
    )
    expect(wrong).toEqual([])
  })
})
