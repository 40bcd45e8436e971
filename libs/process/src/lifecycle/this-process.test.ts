import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { version } from '../version.ts'

const index = new URL('../index.ts', import.meta.url).href

/** Starts a process of its own whose start is `body`. */
function start(body: string) {
  const program = `import { runProcess } from '${index}'\nawait runProcess({ name: 'berth' }, async (config, lifecycle, log) => {${body}})`
  const environment = { PATH: process.env['PATH'], REGISTRY_STORAGE: 'inmemory', REGISTRY_DUCKS: 'x' }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { env: environment })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const until = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout, 'data')
  }
  const end = async () => {
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, output }
  }
  return { child, until, end }
}

describe('a real process', () => {
  it('closes and ends well when it is told to end', async () => {
    const { child, until, end } = start(`
      const timer = setInterval(() => {}, 1000)
      lifecycle.own({ close: () => { clearInterval(timer); log.info({}, 'closed') } })
      log.info({}, 'serving')`)
    await until('serving')
    child.kill('SIGTERM')
    const { code, output } = await end()
    expect(code).toBe(0)
    expect(output).toMatch(/REGISTRY_DUCKS[^]*"serving"[^]*"shutting down"[^]*"closed"/)
  })

  it('writes its last words and ends badly after a rejection that nothing caught', async () => {
    const { end } = start(`setInterval(() => {}, 1000); void Promise.reject(new Error('a bug'))`)
    const { code, output } = await end()
    expect(code).toBe(1)
    expect(output).toContain('"level":"fatal"')
    expect(output).toContain('a bug')
  })
})

describe('the version', () => {
  it('is the one of the whole', () => {
    const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ version })
  })
})
