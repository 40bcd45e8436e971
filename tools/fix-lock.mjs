// Completes package-lock.json with the platform packages that the registry in use did not offer. Without their entries
// `npm ci` refuses the lock ("Missing … from lock file"). Run it after every change of a dependency.
import { readFileSync, writeFileSync } from 'node:fs'

const systems = ['darwin', 'win32', 'android', 'freebsd', 'openbsd', 'netbsd', 'openharmony', 'sunos', 'aix', 'linux']
const processors = { aarch64: 'arm64', armv7: 'arm', gnueabihf: 'arm', musleabihf: 'arm', eabi: 'arm' }
for (const name of 'arm64 x64 ia32 arm riscv64 ppc64 s390x loong64 mips64el wasm32'.split(' ')) processors[name] = name

const file = process.argv[2] ?? 'package-lock.json'
const lock = JSON.parse(readFileSync(file, 'utf8'))

/** The folders in which Node would look for a package that `key` asks for, nearest first. */
function* searchPath(key) {
  for (let at = key; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) yield `${at}/`
  yield ''
}

/** What an entry says about a platform package, as far as its name tells. */
function platformEntry(name, version, isDev) {
  const words = name.toLowerCase().split(/[/\-_.]/)
  const os = words.find((word) => systems.includes(word))
  const cpu = words.map((word) => processors[word]).find(Boolean)
  return {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(isDev && { dev: true }),
    optional: true,
    ...(os && { os: [os] }),
    ...(words.includes('musl') && { libc: ['musl'] }),
  }
}

let added = 0
for (const [key, owner] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(owner.optionalDependencies ?? {})) {
    const version = range.replace(/^(npm:.+@)?[\^~]?/, '')
    if (!/^\d+\.\d+\.\d+/.test(version)) continue
    const found = [...searchPath(key)].map((folder) => lock.packages[`${folder}node_modules/${name}`]).find(Boolean)
    if (found !== undefined && (found.link || found.version === version)) continue
    const parent = key.includes('node_modules/') ? key.slice(0, key.lastIndexOf('node_modules/')) : ''
    const beside = `${parent}node_modules/${name}`
    const place = lock.packages[beside] === undefined ? beside : `${key}/node_modules/${name}`
    lock.packages[place] = platformEntry(name, version, owner.dev)
    added++
  }
}

const { '': root, ...rest } = lock.packages
const sorted = Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = { '': root, ...Object.fromEntries(sorted) }
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${file}: ${added} platform entries added`)
