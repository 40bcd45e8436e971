import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goName } from './go-name.ts'
import { readAsGo, readStrictly } from './read-document.ts'
import { integer, listOf, mapOf, objectOf, unread, value, whole } from './shape.ts'

const item = objectOf({ digest: value, size: integer, urls: listOf(value), os: value })
const shape = objectOf({
  kind: value,
  config: item,
  layers: listOf(item),
  annotations: mapOf(value),
  skipped: unread,
  signatures: whole,
})
const names = ['kind', 'config', 'layers', 'annotations', 'skipped', 'signatures']

const strictly = (text: string): unknown => readStrictly(Buffer.from(text), shape)
const asGo = (text: string): unknown => readAsGo(Buffer.from(text), shape)

function refusalOf(read: () => unknown): unknown {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return error.detail
    throw error
  }
}

/** How Go compares names: each character stands for the smallest of those that are the same letter in another case. */
function folded(name: string): string {
  const sameLetter: Readonly<Record<string, string>> = { '\u017f': 's', '\u212a': 'k' }
  return Array.from(name, (letter) => {
    if (letter >= 'A' && letter <= 'Z') return String.fromCharCode(letter.charCodeAt(0) + 32)
    return sameLetter[letter] ?? letter
  }).join('')
}

describe('a document that is read strictly', () => {
  it('gives what its shape names, and skips all else', () => {
    const text = `{"x":[{"kind":1}],"kind":"a","config":{"size":1,"y":{"size":2}},"layers":[{"urls":["u"]},{}],
      "annotations":{"a":"b","__proto__":"c","Layers":"d"},"skipped":"long","signatures":[{"a":{"b":[null]}}]}`
    const document = strictly(text) as { annotations: object }
    expect(document).toEqual({
      kind: 'a',
      config: { size: 1 },
      layers: [{ urls: ['u'] }, {}],
      annotations: Object.fromEntries([
        ['a', 'b'],
        ['__proto__', 'c'],
        ['Layers', 'd'],
      ]),
      skipped: '',
      signatures: [{ a: { b: [null] } }],
    })
    expect(Object.keys(document.annotations)).toEqual(['a', '__proto__', 'Layers'])
  })

  it('gives a value of another kind than its shape as such', () => {
    expect(strictly('{"kind":{"a":1},"config":[1],"layers":{"a":1},"annotations":"x","skipped":[1]}')).toEqual({
      kind: {},
      config: [],
      layers: {},
      annotations: 'x',
      skipped: [],
    })
    expect(strictly('{"kind":true,"config":null,"layers":2,"annotations":null,"skipped":1.5}')).toEqual({
      kind: true,
      config: null,
      layers: 2,
      annotations: null,
      skipped: 1.5,
    })
  })

  it.each([
    ['{"Kind":1}', 'Kind', 'is "kind" to programs that compare names without case'],
    ['{"\u212aind":1}', '\u212aind', 'is "kind" to programs that compare names without case'],
    ['{"LAYER\\u017f":1}', 'LAYER\u017f', 'is "layers" to programs that compare names without case'],
    ['{"layers":[{},{"URLs":1}]}', 'layers[1].URLs', 'is "urls" to programs that compare names without case'],
    ['{"config":{"o\u017f":1}}', 'config.o\u017f', 'is "os" to programs that compare names without case'],
    ['{"kind":1,"kind":1}', 'kind', 'is there twice'],
    ['{"kind":1,"k\\u0069nd":1}', 'kind', 'is there twice'],
    ['{"kind":null,"kind":1}', 'kind', 'is there twice'],
    ['{"other":1,"other":1}', 'other', 'is there twice'],
    ['{"config":{"size":1,"size":1}}', 'config.size', 'is there twice'],
    ['{"layers":[{"x":1,"x":1}]}', 'layers[0].x', 'is there twice'],
    ['{"annotations":{"a":"1","a":"1"}}', 'annotations.a', 'is there twice'],
    ['{"config":{"size":1e3}}', 'config.size', 'must be written as an integer'],
    ['{"config":{"size":1.0}}', 'config.size', 'must be written as an integer'],
    ['{"config":{"size":-0}}', 'config.size', 'must be written as an integer'],
    [`{"signatures":"${'a'.repeat(70_000)}"}`, 'signatures', 'must not be larger than 65536 bytes'],
  ])('is refused where others may read it differently, or it is absurd: %.60s', (text, field, reason) => {
    expect(refusalOf(() => strictly(text))).toEqual({ field, reason })
  })

  it.each([
    ['{"x":"\\ud800"}', 'has text with half of a surrogate pair'],
    ['\ufeff{}', 'not valid JSON: unexpected byte at offset 0'],
    ['{} x', 'not valid JSON: unexpected byte at offset 3'],
    ['[]', 'must be a JSON object'],
    ['""', 'must be a JSON object'],
    [`{"x":[${'{},'.repeat(250_000)}{}]}`, 'more than 250000 values'],
  ])('is refused as a whole: %.40s', (text, reason) => {
    expect(refusalOf(() => strictly(text))).toEqual({ reason })
  })

  it.each([
    ['', ''],
    ['"annotations":{', '}'],
    ['"config":{', '}'],
  ])('is refused where %s has more than 10,000 members', (before, after) => {
    const members = Array.from({ length: 10_001 }, (_, index) => `"m${index}":""`).join(',')
    expect(refusalOf(() => strictly(`{${before}${members}${after}}`))).toMatchObject({
      reason: 'has more than 10000 members',
    })
  })

  it('is refused where its bytes are not UTF-8, even in what is skipped', () => {
    const bytes = Buffer.from('{"x":"\xff"}', 'latin1')
    expect(refusalOf(() => readStrictly(bytes, shape))).toEqual({ reason: 'not valid UTF-8' })
    expect(refusalOf(() => readAsGo(bytes, shape))).toBeUndefined()
  })

  it('is refused for a name exactly if Go takes that for a known name and it is another', () => {
    const letter = fc.constantFrom(...Array.from('kindlayersKINDLAYERS\u017f\u212a\u0131\u00df'))
    const like = fc
      .constantFrom(...names)
      .chain((name) =>
        fc
          .tuple(...Array.from(name, (each) => fc.constantFrom(each, each.toUpperCase(), 'ſ', 'K', each)))
          .map((all) => all.join('')),
      )
    fc.assert(
      fc.property(fc.oneof(like, fc.string({ unit: letter })), (name) => {
        const text = `{${JSON.stringify(name)}:null}`
        const isKnown = names.includes(name)
        const isTakenForKnown = names.some((known) => folded(known) === folded(name))
        expect(refusalOf(() => strictly(text)) !== undefined).toBe(isTakenForKnown && !isKnown)
        expect(Object.keys(asGo(text) as object)).toHaveLength(isTakenForKnown ? 1 : 0)
        expect(goName(name)).toBe(folded(name))
      }),
      { numRuns: 1000 },
    )
  })

  it('says the same as JSON.parse wherever it is accepted', () => {
    const member = fc.constantFrom(...names, 'Kind', 'x')
    const items = fc.array(
      fc.dictionary(fc.constantFrom('digest', 'size', 'os', 'x'), fc.oneof(fc.string(), fc.integer())),
    )
    const document = fc.dictionary(member, fc.oneof(fc.jsonValue(), items, fc.string(), fc.integer()))
    fc.assert(
      fc.property(document, (written) => {
        const text = JSON.stringify(written)
        let read: unknown
        fc.pre(refusalOf(() => (read = strictly(text))) === undefined)
        const { signatures, skipped } = JSON.parse(text) as Record<string, unknown>
        expect(read).toMatchObject({ ...(signatures !== undefined && { signatures }) })
        expect(typeof (read as Record<string, unknown>)['skipped']).toBe(typeof skipped)
        expect(asGo(text)).toEqual(read)
      }),
    )
  })
})

describe('a document that is read as Go reads it', () => {
  it.each([
    ['a name in another case', '{"Kind":"a"}', { kind: 'a' }],
    ['the later of two', '{"kind":"a","KIND":"b"}', { kind: 'b' }],
    ['null after a value that cannot be null', '{"kind":"a","kind":null}', { kind: 'a' }],
    ['null after a list', '{"layers":[{}],"layers":null}', { layers: null }],
    ['an object in two parts', '{"config":{"size":1,"os":"a"},"Config":{"size":2}}', { config: { size: 2, os: 'a' } }],
    [
      'a list after a longer one',
      '{"layers":[{"os":"a"},{"os":"b"}],"layers":[{"size":1}]}',
      { layers: [{ os: 'a', size: 1 }] },
    ],
    [
      'a map in two parts',
      '{"annotations":{"a":"1","b":"1"},"annotations":{"b":"2"}}',
      { annotations: { a: '1', b: '2' } },
    ],
    ['numbers in any form', '{"config":{"size":1e3}}', { config: { size: 1000 } }],
    ['half of a surrogate pair', '{"kind":"\\ud800"}', { kind: '\ud800' }],
    ['what is nested deep', `{"x":${'['.repeat(5000)}${']'.repeat(5000)},"kind":1}`, { kind: 1 }],
    ['what has millions of members', `{"x":[${'{},'.repeat(1_000_000)}{}],"kind":1}`, { kind: 1 }],
  ])('may have %s', (_, text, expected) => {
    expect(asGo(text)).toEqual(expected)
  })

  it('gives no more values than a bound', () => {
    expect(refusalOf(() => asGo(`{"layers":[${'{},'.repeat(250_000)}{}]}`))).toEqual({
      reason: 'more than 250000 values',
    })
    const annotations = Array.from({ length: 10_001 }, (_, index) => `"m${index}":""`).join(',')
    expect(asGo(`{"annotations":{${annotations}},"kind":1}`)).toEqual({ annotations: [], kind: 1 })
  })

  it.each(['\ufeff{}', '{}x', '[]', '{"kind":01}'])('is refused where Go refuses it: %s', (text) => {
    expect(refusalOf(() => asGo(text))).toBeDefined()
  })
})
