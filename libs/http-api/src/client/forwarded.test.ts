import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseForwarded } from './forwarded.ts'

describe('the first element of a Forwarded header', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['key=val', { key: 'val' }],
    [' key = value ', { key: 'value' }],
    ['KeY=VaL', { key: 'VaL' }],
    ['key=val;', { key: 'val' }],
    ['key1=val1;key2=val2', { key1: 'val1', key2: 'val2' }],
    ['key1=val1; key2=val2 , key3=val3', { key1: 'val1', key2: 'val2' }],
    [' , key=val', {}],
    ['key=val;, other=val', { key: 'val' }],
    ['key="inner ; spaces, kept "', { key: 'inner ; spaces, kept ' }],
    [String.raw`key="a \"quoted\" \\ word"`, { key: String.raw`a "quoted" \ word` }],
    ['key=""', { key: '' }],
    ['[k]{e}(y)@=:/?', { '[k]{e}(y)@': ':/?' }],
    ['for=192.0.2.43, for="[2001:db8:cafe::17]"', { for: '192.0.2.43' }],
    ['proto=https;host="192.168.22.30:80"', { proto: 'https', host: '192.168.22.30:80' }],
  ])('of %j has the pairs %j', (header, pairs) => {
    expect(Object.fromEntries(parseForwarded(header) ?? [['malformed', '']])).toEqual(pairs)
  })

  it.each([
    'key=1;key=2',
    'key=1;KEY=2',
    '=value',
    'key= ',
    'key=,',
    'key=;',
    'key',
    'a=b;;',
    'key="value',
    String.raw`key="value\"`,
    '"key=val"',
    '"key"=val',
    'key=val key2=val2',
    'key="val"x',
    'a=b;;c=d',
  ])('of %j is malformed', (header) => {
    expect(parseForwarded(header)).toBeUndefined()
  })

  it('has back whatever was quoted', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const quoted = value.replaceAll(/["\\]/g, String.raw`\$&`)
        expect(parseForwarded(`host="${quoted}";proto=https`)?.get('host')).toBe(value)
      }),
    )
  })

  it('is malformed in an instant where it has a great many spaces', () => {
    for (const before of ['', 'key=val;', 'key=val', 'key']) {
      expect(parseForwarded(`${before}${' '.repeat(1_000_000)}"`)).toBeUndefined()
    }
  })

  it('never takes long or throws, whatever is sent', () => {
    const nasty = fc.string({ unit: fc.constantFrom('a', '=', ';', ',', '"', '\\', ' '), maxLength: 2000 })
    fc.assert(
      fc.property(nasty, (header) => {
        expect(parseForwarded(header)?.size ?? 0).toBeLessThan(header.length + 1)
      }),
    )
  })
})
