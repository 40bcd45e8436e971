import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** A workspace of five rooms and an app, with the project's own rule and its configuration, to plant imports in. */
let workspace: string

const rooms = {
  'libs/words': { name: '@planted/words', layer: 'model', dependencies: ['express'] },
  'libs/shelf': { name: '@planted/shelf', layer: 'core', dependencies: ['@planted/words'] },
  'libs/desk': {
    name: '@planted/desk',
    layer: 'core',
    dependencies: ['@planted/shelf', '@planted/door', '@planted/hall'],
  },
  'libs/door': { name: '@planted/door', layer: 'edge', dependencies: ['@planted/shelf', '@planted/words', 'express'] },
  'libs/storage-s3': { name: '@planted/storage-s3', layer: 'edge', dependencies: [] },
  'apps/hall': { name: '@planted/hall', layer: 'app', dependencies: ['@planted/shelf'] },
}

function write(path: string, content: string): void {
  mkdirSync(dirname(join(workspace, path)), { recursive: true })
  writeFileSync(join(workspace, path), content)
}

/** What the lint step says about one planted file. */
function lint(file: string, source: string): { passes: boolean; output: string } {
  write(file, source)
  const { status, stdout } = spawnSync('oxlint', ['--deny-warnings', file], { cwd: workspace, encoding: 'utf8' })
  return { passes: status === 0, output: stdout }
}

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'berth-lint-'))
  cpSync('tools/lint', join(workspace, 'tools/lint'), { recursive: true })
  cpSync('.oxlintrc.json', join(workspace, '.oxlintrc.json'))
  symlinkSync(join(process.cwd(), 'node_modules'), join(workspace, 'node_modules'))
  write('package.json', JSON.stringify({ workspaces: ['apps/*', 'libs/*'], type: 'module' }))
  write('tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext', noEmit: true } }))
  for (const [dir, { name, layer, dependencies }] of Object.entries(rooms)) {
    const manifest = {
      name,
      type: 'module',
      dependencies: Object.fromEntries(dependencies.map((each) => [each, '*'])),
      nx: { tags: [`layer:${layer}`] },
    }
    write(`${dir}/package.json`, JSON.stringify(manifest))
  }
})

afterEach(() => {
  rmSync(workspace, { recursive: true, force: true })
})

describe('the layers', () => {
  it.each([
    ['core may import model', 'libs/shelf/src/a.ts', '@planted/words'],
    ['core may import core by its first door', 'libs/desk/src/a.ts', '@planted/shelf'],
    ['edge may use its packages from npm', 'libs/door/src/a.ts', 'express'],
    ['an app may use the door of a stored implementation', 'apps/hall/src/a.ts', '@planted/shelf/stored'],
    ['a test may use the door of a suite', 'libs/desk/src/a.test.ts', '@planted/shelf/suite'],
  ])('%s', (_title, file, specifier) => {
    const { passes, output } = lint(file, `export { a } from '${specifier}'\n`)
    expect(output).not.toContain('boundaries')
    expect(passes).toBe(true)
  })

  it.each([
    ['core may not import an edge', 'libs/desk/src/a.ts', '@planted/door', 'layer:core may not import @planted/door'],
    ['model may not use npm', 'libs/words/src/a.ts', 'express', 'layer:model may not use express from npm'],
    ['core may not use another door', 'libs/desk/src/a.ts', '@planted/shelf/stored', 'may not use the door'],
    ['nobody imports what is not declared', 'libs/shelf/src/a.ts', '@planted/door', 'is not in the dependencies'],
    ['nobody imports an app', 'libs/desk/src/a.ts', '@planted/hall', 'is an app; nothing may import it'],
    ['nobody leaves a room by a relative path', 'libs/desk/src/a.ts', '../../shelf/src/b.ts', 'relative import leaves'],
    ['built-in modules are named as such', 'libs/desk/src/a.ts', 'fs', 'write node:fs'],
  ])('%s', (_title, file, specifier, message) => {
    const { passes, output } = lint(file, `export { a } from '${specifier}'\n`)
    expect(output).toContain(message)
    expect(passes).toBe(false)
  })

  it.each([
    ['a file named test-…', './test-words.ts'],
    ['a file named …-under-test', './shelf/words-under-test.ts'],
    ['a suite', './suite/describe-words.ts'],
    ['a file that the rule lists', '../../storage-s3/src/faulty-proxy.ts'],
  ])('production code may not import %s', (_title, specifier) => {
    const { passes, output } = lint('libs/storage-s3/src/a.ts', `export { a } from '${specifier}'\n`)
    expect(output).toContain('is made for tests; production code may not import it')
    expect(passes).toBe(false)
  })

  it('production code may not import what is made for tests through a door', () => {
    const exports = { '.': './src/index.ts', './kit': './src/test-kit.ts' }
    write('libs/words/package.json', JSON.stringify({ name: '@planted/words', exports, nx: { tags: ['layer:model'] } }))
    expect(lint('libs/shelf/src/a.ts', "export { a } from '@planted/words/kit'\n").output).toContain(
      'libs/words/src/test-kit.ts is made for tests',
    )
  })

  it.each([['a.test.ts'], ['test-words.ts'], ['words-under-test.ts'], ['suite/a.ts'], ['faulty-proxy.ts']])(
    '%s may import what is made for tests',
    (file) => {
      const specifier = file.startsWith('suite') ? '../test-shelf.ts' : './test-shelf.ts'
      const { passes, output } = lint(`libs/storage-s3/src/${file}`, `export { a } from '${specifier}'\n`)
      expect(output).not.toContain('boundaries')
      expect(passes).toBe(true)
    },
  )

  it('no two rooms depend on each other', () => {
    const manifest = { name: '@planted/words', dependencies: { '@planted/shelf': '*' }, nx: { tags: ['layer:model'] } }
    write('libs/words/package.json', JSON.stringify(manifest))
    expect(lint('libs/shelf/src/a.ts', "export { a } from '@planted/words'\n").output).toContain('depend on each other')
  })

  it('holds for type-only imports and dynamic ones', () => {
    const source = "export type A = import('@planted/door').A\nexport const b = () => import('@planted/door')\n"
    expect(lint('libs/desk/src/a.ts', source).output.match(/may not import @planted\/door/g)).toHaveLength(2)
  })
})

it('is what the lint step of this project runs', () => {
  expect(execFileSync('oxlint', ['--print-config'], { encoding: 'utf8' })).toContain('berth/boundaries')
})
