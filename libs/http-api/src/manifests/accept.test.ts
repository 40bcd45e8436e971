import { mediaTypes } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import { formerFormat } from './accept.ts'

const { schema1, schema1Signed, schema2, manifestList, ociManifest, ociIndex } = mediaTypes

describe('the format that a client is given instead of what is stored', () => {
  it.each<[string, string | undefined, string | undefined, string | undefined]>([
    ['nothing', undefined, undefined, undefined],
    ['', '', undefined, undefined],
    ['anything', '*/*', undefined, undefined],
    ['anything of an application', `${schema1}, application/*;q=0.1`, undefined, undefined],
    ['JSON', `application/json, ${schema1}`, undefined, undefined],
    ['nonsense', ';;,,/', undefined, undefined],
    ['OCI alone', `${ociManifest}, ${ociIndex}`, undefined, undefined],
    ['schema1, signed', schema1Signed, 'schema1', 'schema1'],
    ['schema1, not signed', ` ${schema1.toUpperCase()} ;q=0.5`, 'schema1', 'schema1'],
    ['schema1 and OCI', `${ociManifest},${schema1}`, 'schema1', 'schema1'],
    ['schema2', schema2, undefined, 'schema2'],
    ['schema2, in upper case', schema2.toUpperCase(), undefined, 'schema2'],
    ['schema2 and schema1', `${schema1Signed}, ${schema2};q=0.9`, undefined, 'schema2'],
    ['lists', `${schema2}, ${manifestList}`, undefined, undefined],
    ['lists and schema1', `${manifestList}, ${schema1}`, 'schema1', undefined],
  ])('to who accepts %s', (_, accept, ofSchema2, ofList) => {
    expect([formerFormat(schema2, accept), formerFormat(manifestList, accept)]).toEqual([ofSchema2, ofList])
  })

  it.each([ociManifest, ociIndex, schema1Signed])('is none where %s is stored', (stored) => {
    expect(formerFormat(stored, schema1)).toBeUndefined()
  })
})
