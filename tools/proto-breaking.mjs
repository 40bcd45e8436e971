// Refuses changes of proto/ that services of the version before would not understand, since both run during a rolling
// restart. `node tools/proto-breaking.mjs [commit]`: compares with that commit; by default with the last one if proto/
// has changed since, otherwise with the one before it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const git = (...args) => spawnSync('git', args, { encoding: 'utf8' })
const hasChanged = git('status', '--porcelain', '--', 'proto').stdout?.trim() !== ''
const commit = process.argv[2] ?? (hasChanged ? 'HEAD' : 'HEAD^')

if (git('rev-parse', '--verify', '--quiet', `${commit}^{commit}`).status === 0) compare()
else if (process.argv[2] === undefined) {
  console.log(`proto:check: skipped the search for breaking changes, because there is no commit ${commit} here.`)
} else {
  console.error(`proto:check: there is no commit ${commit} here`)
  process.exitCode = 1
}

function compare() {
  const directory = mkdtempSync(join(tmpdir(), 'berth-proto-'))
  try {
    const before = join(directory, 'before.tar')
    const archive = git('archive', '--format=tar', '-o', before, commit, 'proto', 'buf.yaml')
    if (archive.status !== 0) throw new Error(`git archive failed: ${archive.stderr}`)
    process.exitCode = spawnSync('buf', ['breaking', '--against', before], { stdio: 'inherit' }).status ?? 1
  } finally {
    rmSync(directory, { recursive: true })
  }
}
