import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../schema/node.ts'
import { describeConfig } from './describe-config.ts'
import { configSchema } from './json-schema.ts'

/** The schemas of all keys, by path as in `describeConfig`. */
function schemasByPath(schema: JsonSchema, path: string): [string, JsonSchema][] {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)
  const items = 'items' in schema ? [schema['items'] as JsonSchema] : []
  return [
    ...properties.flatMap(([key, below]): [string, JsonSchema][] => {
      const at = path === '' ? key : `${path}.${key}`
      return [[at, below], ...schemasByPath(below, at)]
    }),
    ...items.flatMap((item) => schemasByPath(item, `${path}[]`)),
  ]
}

const byPath = new Map(schemasByPath(configSchema(), ''))

describe('the JSON Schema of the configuration', () => {
  it('has every key that is known, with its description', () => {
    const missing = describeConfig().filter(({ path, about }) => {
      const description = byPath.get(path)?.['description']
      return typeof description !== 'string' || !description.toLowerCase().startsWith(about.toLowerCase())
    })
    expect(missing).toEqual([])
  })

  it('marks each key, or a section around it, that is known and has no effect or stops the start', () => {
    const unmarked = describeConfig().filter(({ path, support }) => {
      const around = [...path.matchAll(/(?:\[\])?\.|$/g)].map(({ index }) => path.slice(0, index))
      const isMarked = around.some((each) => byPath.get(each)?.['deprecated'] === true)
      return isMarked !== (support !== 'supported')
    })
    expect(unmarked).toEqual([])
  })

  it('has the defaults as they would be written', () => {
    expect(byPath.get('http.keepalive')?.['default']).toBe('75s')
    expect(byPath.get('catalog.maxentries')?.['default']).toBe(1000)
    expect(byPath.get('storage.delete.enabled')?.['default']).toBe(false)
    expect(byPath.get('http.tls.minimumtls')?.['default']).toBe('tls1.2')
  })

  it('says of a default that depends on other keys how it does', () => {
    expect(byPath.get('http.relativeurls')).not.toHaveProperty('default')
    expect(byPath.get('http.relativeurls')?.['description']).toContain('Default: true unless host is set.')
  })

  it('requires only the version, since the environment may give any other key', () => {
    expect(configSchema()['required']).toEqual(['version'])
    expect([...byPath.values()].filter((schema) => 'required' in schema)).toEqual([])
  })
})
