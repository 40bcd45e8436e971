// Runs the OCI distribution-spec's conformance suite, the `conformance` program on the PATH, against Berth as users start
// it: in one process, or with `--topology split` as services of its own; with `--auth`, by whoever logs in alone; with
// `--storage s3`, on a bucket, where clients are sent unless `BERTH_REDIRECT` is `off`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { frodo, writeUsers } from '../e2e/src/access/htpasswd.ts'

const { values } = parseArgs({
  options: {
    topology: { type: 'string', default: 'all-in-one' },
    storage: { type: 'string', default: 'filesystem' },
    auth: { type: 'boolean', default: false },
  },
})
// What is imported reads it.
process.env.BERTH_STORAGE = values.storage
const { startBerth, topologyNamed } = await import('../e2e/src/berth.ts')
const { setup } = await import('../e2e/src/s3-setup.ts')
const topology = topologyNamed(values.topology)
const isSentToStore = values.storage === 's3' && process.env.BERTH_REDIRECT !== 'off'
const place = values.storage === 's3' && (isSentToStore ? 'on s3' : 'on s3 without redirects')
const title = [topology, place, values.auth && 'with auth'].filter(Boolean).join(' ')
const resultsFolder = fileURLToPath(new URL(`../results/conformance/${title.replaceAll(' ', '-')}`, import.meta.url))

/** All that the suite can check, asked for by name: its own choice depends on the version of the specification. */
const everything = `
  API_PING API_PULL API_PUSH API_REFERRER API_TAGS_ATOMIC API_TAGS_DELETE API_TAGS_LIST
  API_BLOBS_ATOMIC API_BLOBS_DELETE API_BLOBS_DIGEST_HEADER API_BLOBS_MOUNT_ANONYMOUS API_BLOBS_UPLOAD_CANCEL
  API_MANIFESTS_ATOMIC API_MANIFESTS_DELETE API_MANIFESTS_DIGEST_HEADER API_MANIFESTS_TAG_PARAM
  DATA_IMAGE DATA_INDEX DATA_INDEX_LIST DATA_ARTIFACT DATA_SUBJECT DATA_SUBJECT_MISSING DATA_ARTIFACT_LIST
  DATA_SUBJECT_LIST DATA_DATA_FIELD DATA_NONDISTRIBUTABLE DATA_CUSTOM_FIELDS DATA_NO_LAYERS DATA_EMPTY_BLOB DATA_SHA512`

const runs = [
  { name: '1.1', variables: { OCI_VERSION: '1.1' }, settings: {} },
  { name: 'dev', variables: { OCI_VERSION: 'dev' }, settings: {} },
  {
    name: 'sparse',
    variables: { OCI_VERSION: 'dev', OCI_DATA_SPARSE: 'true' },
    settings: { validation: { manifests: { references: 'none' } } },
  },
]

const endStorage = values.storage === 's3' ? await setup() : async () => {}
const outcomes = []
for (const run of runs) {
  const outcome = await runSuite(run)
  if (outcome === 'absent') {
    tellAbsence()
    break
  }
  outcomes.push({ run: run.name, ...outcome })
}
await endStorage()
report(outcomes)

async function runSuite({ name, variables, settings }) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-conformance-'))
  const results = join(resultsFolder, name)
  await rm(results, { recursive: true, force: true })
  const access = values.auth ? await writeUsers(folder) : {}
  const berth = await startBerth({ folder, settings: { ...settings, ...access }, topology })
  try {
    const child = spawn('conformance', [], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env.PATH,
        ...Object.fromEntries([...everything.matchAll(/\S+/g)].map(([name]) => [`OCI_${name}`, 'true'])),
        ...variables,
        // Where clients are sent to the store, that answers, and it knows nothing of digests.
        ...(isSentToStore && { OCI_API_BLOBS_DIGEST_HEADER: 'false' }),
        ...(values.auth && { OCI_USERNAME: frodo.name, OCI_PASSWORD: frodo.password }),
        OCI_REGISTRY: berth.host,
        OCI_TLS: 'disabled',
        OCI_RESULTS_DIR: results,
      },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    const ended = await once(child, 'close').catch((error) => error)
    if (ended.code === 'ENOENT') return 'absent'
    if (ended instanceof Error) throw ended
    return {
      cases: (await readCases(join(results, 'junit.xml'))).map(asRestricted),
      capabilities: readCapabilities(output),
    }
  } finally {
    await berth.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Where reading is restricted, nobody has a blob for knowing its digest: what the suite skips for that is as it should be. */
function asRestricted({ name, status, reason }) {
  if (!values.auth || !name.endsWith('/blob-mount-anonymous')) return { name, status, reason }
  return status === 'skipped'
    ? { name, status: 'passed', reason }
    : { name, status: 'failed', reason: 'it was mounted' }
}

/** The suite's exit status is 0 even when nothing ran, so its results are what counts. */
async function readCases(file) {
  const xml = await readFile(file, 'utf8').catch(() => '')
  return [...xml.matchAll(/<testcase ([^>]*[^/])>([^]*?)<\/testcase>|<testcase ([^>]*)\/>/g)].map((match) => {
    const attributes = match[1] ?? match[3]
    return {
      name: decode(/name="([^"]*)"/.exec(attributes)?.[1] ?? ''),
      status: /status="([^"]*)"/.exec(attributes)?.[1] ?? 'error',
      reason: decode(/<system-out>([^]*?)<\/system-out>/.exec(match[2] ?? '')?.[1] ?? ''),
    }
  })
}

function decode(text) {
  const names = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
  return text.replace(/&(?:#(x?)([\da-f]+)|(\w+));/gi, (_, hex, code, name) =>
    name === undefined ? String.fromCodePoint(Number.parseInt(code, hex ? 16 : 10)) : (names[name] ?? ''),
  )
}

/** The table by capability that the suite prints: `Tag listing....: Pass`. */
function readCapabilities(output) {
  const table = output.slice(output.indexOf('API conformance:'))
  return [...table.matchAll(/^ {2}(.+?)\.*: +(\w+)$/gm)].map(([, name, status]) => ({ name, status }))
}

function report(all) {
  let complete = true
  for (const { run, cases, capabilities } of all) {
    const of = (...statuses) => cases.filter(({ status }) => statuses.includes(status))
    const [passed, skipped] = [of('passed'), of('skipped')]
    const failed = cases.filter((one) => !passed.includes(one) && !skipped.includes(one))
    console.log(
      `conformance ${title} ${run}: ${cases.length} tests, ${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`,
    )
    for (const { name, status, reason } of [...failed, ...skipped]) console.log(`  ${status}: ${name}\n    ${reason}`)
    const isRestricted = ({ name }) => values.auth && name === 'Blob anonymous mount'
    const lacking = capabilities.filter((one) => !['Pass', 'Disabled'].includes(one.status) && !isRestricted(one))
    if (lacking.length > 0) console.log(`  not whole: ${lacking.map(({ name }) => name).join(', ')}`)
    if (cases.length === 0) console.log('  nothing ran')
    complete &&= passed.length > 0 && passed.length === cases.length
  }
  if (all.length > 0) console.log(`reports: ${relative(process.cwd(), resultsFolder)}/*/report.html`)
  if (!complete) process.exitCode = 1
}

function tellAbsence() {
  const lines = [
    'CONFORMANCE NOT CHECKED: there is no `conformance` program on the PATH.',
    'It belongs to the OCI distribution-spec: folder conformance/ of github.com/opencontainers/distribution-spec.',
  ]
  const rule = '!'.repeat(Math.max(...lines.map((line) => line.length)))
  console.log([rule, ...lines, rule].join('\n'))
}
