import { describe, expect, it } from 'vitest'
import { documentedKeys, generatedFiles, readGenerated, withTables } from './generated-files.ts'

describe('the generated documentation', () => {
  it('is as the keys are declared', async () => {
    for (const { path, text } of await generatedFiles())
      expect(readGenerated(path), `${path} is out of date: run npm run docs`).toBe(text)
  })

  it('has each key in one row', () => {
    const known = documentedKeys.map(({ path }) => path)
    const rows = [...readGenerated('docs/configuration.md').matchAll(/^\| `([^`]+)`(?: ◆)? +\|.*\|.*\|.*\|$/gm)]
    const paths = rows.map(([, path]) => path).filter((path = '') => known.includes(path))
    expect(paths).toHaveLength(known.length)
    expect(new Set(paths)).toEqual(new Set(known))
  })
})

describe('a table of keys', () => {
  it('is written anew between its comments, and the prose around it stays', () => {
    const page = 'before\n\n<!-- keys: catalog -->\n\nold\n\n<!-- end of keys -->\n\nafter\n'
    expect(withTables(page)).toMatch(
      /^before\n\n<!-- keys: catalog -->\n\n\| Key .*`catalog\.maxentries`[^]*\n\nafter\n$/s,
    )
    expect(withTables(page)).not.toContain('old')
  })

  it('cannot be of a key that is unknown', () => {
    expect(() => withTables('<!-- keys: catalogue -->\n<!-- end of keys -->')).toThrow('unknown key: catalogue')
  })
})
