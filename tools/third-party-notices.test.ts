import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { thirdPartyNotices } from './third-party-notices.ts'

describe('thirdPartyNotices', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-notices-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  function write(path: string, content: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }

  function addPackage(directory: string, name: string, files: Record<string, string>): void {
    const manifest = { name, version: '1.2.3', license: 'MIT', main: 'index.js' }
    write(`${directory}/package.json`, JSON.stringify(manifest))
    write(`${directory}/index.js`, `export const answer = ${JSON.stringify(name)}`)
    for (const [file, content] of Object.entries(files)) write(`${directory}/${file}`, content)
  }

  async function bundle(source: string) {
    write('main.js', source)
    const { metafile } = await build({
      entryPoints: ['main.js'],
      absWorkingDir: root,
      outdir: 'dist',
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    return metafile
  }

  it('names each package of a bundle with its version, licence and licence text', async () => {
    addPackage('node_modules/one', 'one', { LICENSE: 'Terms of one', NOTICE: 'Notice of one' })
    addPackage('node_modules/@scope/two', '@scope/two', { 'license.md': 'Terms of two' })
    addPackage('node_modules/@scope/two/node_modules/three', 'three', { 'LICENCE.txt': 'Terms of three' })
    write('node_modules/@scope/two/index.js', `export { answer } from 'three'; console.log('two')`)
    const metafile = await bundle(`import { answer } from 'one'; import * as two from '@scope/two'; print(answer, two)`)
    const text = thirdPartyNotices(metafile, { root })
    for (const [name, terms] of [
      ['one', 'Terms of one\n\nNotice of one'],
      ['@scope/two', 'Terms of two'],
      ['three', 'Terms of three'],
    ]) {
      expect(text).toContain(`\n${name} 1.2.3\n\nLicence: MIT\n\n${terms}\n`)
    }
  })

  it('leaves out a package of which nothing is in the bundle', async () => {
    addPackage('node_modules/one', 'one', { LICENSE: 'Terms of one' })
    addPackage('node_modules/unused', 'unused', { LICENSE: 'Terms of unused' })
    const metafile = await bundle(`import { answer } from 'one'; import * as unused from 'unused'; print(answer)`)
    expect(thirdPartyNotices(metafile, { root })).not.toContain('unused')
  })

  it('names all packages that have neither a licence text nor a substitute', async () => {
    addPackage('node_modules/one', 'one', {})
    addPackage('node_modules/two', 'two', { 'licenses.js': '' })
    const metafile = await bundle(`import * as one from 'one'; import * as two from 'two'; print(one, two)`)
    expect(() => thirdPartyNotices(metafile, { root })).toThrow('no licence text: one, two.')
  })

  it('takes the text of a package without a licence file from its substitutes, with the reason', async () => {
    addPackage('node_modules/one', 'one', { 'index.js': '// Terms of\n// one\nexport const answer = 1\n' })
    write('TERMS', 'General terms\n')
    const metafile = await bundle(`import { answer } from 'one'; print(answer)`)
    const substitutes = { one: { reason: 'It has none.', files: ['TERMS', 'node_modules/one/index.js'] } }
    expect(thirdPartyNotices(metafile, { root, substitutes })).toContain(
      '\n\nIt has none.\n\nGeneral terms\n\nTerms of\none\n',
    )
  })
})
