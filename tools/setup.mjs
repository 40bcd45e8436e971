// Installs the servers and clients from Debian that the tests meet, where it may; otherwise names the command and stops.
// Needs nothing but Node (20 is enough), and does nothing where all of them are there.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Each is a program and the Debian package of the same name, or one that has it. */
const wanted = [
  'openssl',
  'redis-server',
  'skopeo',
  'podman',
  'buildah',
  'docker-registry',
  'catatonit',
  // The S3 server that tests start.
  'radosgw',
  'ceph-mon',
  'ceph-osd',
  'ceph',
]
const packageOf = { ceph: 'ceph-common' }

const onPath = (program) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

const missing = wanted.filter((program) => !onPath(program))
if (missing.length > 0) install(missing.map((program) => packageOf[program] ?? program))

function install(packages) {
  const mayInstall = onPath('apt-get') && process.getuid?.() === 0
  if (!mayInstall) {
    console.error(`The tests need ${packages.join(', ')}, which this machine lacks. Type this, then try again:\n`)
    console.error(
      onPath('apt-get')
        ? `  sudo apt-get update && sudo apt-get install -y ${packages.join(' ')}\n`
        : `  (on Debian or Ubuntu) apt-get update && apt-get install -y ${packages.join(' ')}\n`,
    )
    process.exit(1)
  }
  console.log(`setup: installing ${packages.join(', ')}`)
  aptGet('update', '-q')
  aptGet('install', '-y', '-q', ...packages)
  const still = wanted.filter((program) => !onPath(program))
  if (still.length > 0) fail(`installed, but not on the PATH: ${still.join(', ')}`)
}

function aptGet(...args) {
  const { status, error } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) fail(`apt-get ${args[0]} failed${error ? `: ${error.message}` : ` (exit status ${status})`}`)
}

function fail(reason) {
  console.error(`setup: ${reason}`)
  process.exit(1)
}
