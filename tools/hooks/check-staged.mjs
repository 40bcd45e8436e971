// The fast checks on the staged files: formatting, lint and types. It checks what is in the working tree, so a file of
// which only a part is staged is checked whole.
import { spawnSync } from 'node:child_process'

const git = spawnSync('git', ['diff', '--cached', '--name-only', '--diff-filter=d', '-z'], { encoding: 'utf8' })
if (git.status !== 0) process.exit(1)
const files = git.stdout.split('\0').filter(Boolean)
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file))

const checks = [
  files.length > 0 && ['prettier', '--check', '--ignore-unknown', ...files],
  sources.length > 0 && ['oxlint', '--deny-warnings', ...sources],
  sources.some((file) => file.endsWith('.ts')) && ['tsc', '-p', '.'],
  files.some((file) => file.endsWith('.proto')) && ['buf', 'lint'],
].filter(Boolean)

// All run, so that one commit shows all that is wrong.
const failed = checks.filter(([program, ...args]) => spawnSync(program, args, { stdio: 'inherit' }).status !== 0)
process.exitCode = failed.length > 0 ? 1 : 0
