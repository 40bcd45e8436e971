import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRevision } from './version.ts'

const commit = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3'

describe('readRevision', () => {
  let checkout: string
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'berth-revision-'))
  })
  afterEach(() => rmSync(checkout, { recursive: true }))

  function write(files: Record<string, string>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(checkout, path, '..'), { recursive: true })
      writeFileSync(join(checkout, path), content)
    }
  }

  it.each<[string, Record<string, string>]>([
    ['a commit that is checked out without a branch', { '.git/HEAD': `${commit}\n` }],
    ['a branch', { '.git/HEAD': 'ref: refs/heads/a/b\n', '.git/refs/heads/a/b': `${commit}\n` }],
    [
      'a branch among packed refs',
      {
        '.git/HEAD': 'ref: refs/heads/main\n',
        '.git/packed-refs': `# pack-refs with: peeled\n${'0'.repeat(40)} refs/heads/not/refs/heads/main2\n${commit} refs/heads/main\n`,
      },
    ],
    [
      'a worktree, whose branch is in the directory of the main checkout',
      {
        '.git': 'gitdir: main/.git/worktrees/one\n',
        'main/.git/worktrees/one/HEAD': 'ref: refs/heads/one\n',
        'main/.git/worktrees/one/commondir': '../..\n',
        'main/.git/refs/heads/one': `${commit}\n`,
      },
    ],
  ])('reads the commit of %s', (_, files) => {
    write(files)
    expect(readRevision(checkout)).toBe(commit)
  })

  it.each<[string, Record<string, string>]>([
    ['no checkout', {}],
    ['a branch without a commit', { '.git/HEAD': 'ref: refs/heads/main\n' }],
    ['a HEAD that is no commit', { '.git/HEAD': 'something else\n' }],
  ])('returns undefined for %s', (_, files) => {
    write(files)
    expect(readRevision(checkout)).toBeUndefined()
  })

  it('reads what git says of a real checkout', () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
        cwd: checkout,
        encoding: 'utf8',
      }).trim()
    git('init', '--quiet')
    git('commit', '--quiet', '--allow-empty', '--message', 'first')
    git('pack-refs', '--all')
    expect(readRevision(checkout)).toBe(git('rev-parse', 'HEAD'))
  })
})
