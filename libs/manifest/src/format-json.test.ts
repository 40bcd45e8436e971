import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeHtml, formatJson } from './format-json.ts'

it.each([
  ['<a> & "b"', '"\\u003ca\\u003e \\u0026 \\"b\\""'],
  ['\b\f\t\r\n\u0001', '"\\u0008\\u000c\\t\\r\\n\\u0001"'],
  ['\\b \\\b', '"\\\\b \\\\\\u0008"'],
  ['\u2028\u2029\u007fé😀', '"\\u2028\\u2029\u007fé😀"'],
])('%j is written as Go writes it', (text, expected) => {
  expect(formatJson(text)).toBe(expected)
})

it('what is written is read as what it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, '   '), (value, indent) => {
      expect(JSON.parse(formatJson(value, indent))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

it('what is written already keeps its escapes', () => {
  expect(escapeHtml('"\\b\\/<"')).toBe('"\\b\\/\\u003c"')
})
