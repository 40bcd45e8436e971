import { stripVTControlCharacters } from 'node:util'
import { RegistryError } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import type { LogConfig } from '@berth/configuration'
import { createLogger } from './create-logger.ts'
import type { LogStream } from './standard-output.ts'

const defaults: LogConfig = { level: 'info', formatter: undefined, fields: {}, accessLog: true }

function loggerOf(config: Partial<LogConfig>, isTerminal = false) {
  const lines: string[] = []
  const stream: LogStream = { isTerminal, write: (line) => lines.push(line), flush: () => undefined }
  return { log: createLogger({ ...defaults, ...config }, stream), lines }
}

describe('a logger', () => {
  it('writes JSON where nobody looks at it: facts as fields, then a constant message', () => {
    const { log, lines } = loggerOf({ fields: { service: 'registry' } })
    log.info({ repository: 'a/b', size: 3 }, 'blob committed')
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'registry',
      repository: 'a/b',
      size: 3,
      msg: 'blob committed',
    })
    expect(lines[0]).toMatch(/\}\n$/)
  })

  it('writes logstash’s form of JSON where that is wanted', () => {
    const { log, lines } = loggerOf({ formatter: 'logstash' }, true)
    log.warn({ size: 3 }, 'blob committed')
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      '@timestamp': expect.stringMatching(/Z$/),
      '@version': '1',
      level: 'warn',
      size: 3,
      message: 'blob committed',
    })
  })

  it('writes for people on a terminal', () => {
    const { log, lines } = loggerOf({}, true)
    log.info({ repository: 'a/b', note: 'two words' }, 'blob committed')
    expect(stripVTControlCharacters(lines[0] ?? '')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}blob committed repository=a\/b note="two words"\n$/,
    )
  })

  it('writes text without colours, and with the date, where text is wanted elsewhere', () => {
    const { log, lines } = loggerOf({ formatter: 'text' })
    log.info({ size: 3 }, 'blob committed')
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\S+Z info {2}blob committed size=3\n$/)
  })

  it('writes nothing of an error that may be a secret: not what it was thrown for', () => {
    const { log, lines } = loggerOf({})
    const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['hunter2'] }, code: 'E' })
    const cause = Object.assign(new Error('of it'), { request: { headers: { authorization: 'hunter2' } } })
    const outer = new Error('gone', { cause: Object.assign(cause, { cause: refused }) })
    log.error({ err: refused }, 'refused')
    log.error({ err: outer }, 'refused')
    log.error({ error: new AggregateError([refused, outer], 'both') }, 'refused')
    expect(lines.join('')).not.toContain('hunter2')
    const [first, second, third] = lines.map((line) => JSON.parse(line) as { err: object; error: object })
    expect(first?.err).toEqual({ type: 'Error', message: 'WRONGPASS', stack: expect.any(String), code: 'E' })
    expect(second?.err).toMatchObject({
      message: 'gone: of it: WRONGPASS',
      stack: expect.stringContaining('caused by'),
    })
    expect(third?.error).toMatchObject({
      aggregateErrors: [{ message: 'WRONGPASS' }, { message: 'gone: of it: WRONGPASS' }],
    })
  })

  it('writes an error’s stack below its line', () => {
    const { log, lines } = loggerOf({ formatter: 'text' })
    log.error({ err: new RegistryError('BLOB_UNKNOWN', { digest: 'sha256:a' }) }, 'read failed')
    expect(lines[0]).toMatch(
      / error read failed err="blob unknown to registry"\n {4}RegistryError: blob unknown[^\n]*\n {8}at /,
    )
  })

  it.each(['err', 'error'])('writes what an error says as JSON, in the field %s', (field) => {
    const { log, lines } = loggerOf({})
    log.error({ [field]: new Error('broken', { cause: new Error('deep') }) }, 'read failed')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ [field]: { type: 'Error', message: 'broken: deep' } })
  })

  it('lets nothing that a client sent move the cursor', () => {
    const { log, lines } = loggerOf({}, true)
    log.info({ agent: 'a\u001B[2Jb', list: ['\u009B2J'], '\u001B[2J': 1 }, 'request')
    expect(lines[0]).not.toContain('\u001B[2J')
    expect(lines[0]).not.toContain('\u009B')
  })

  it('writes nothing below its level, and tells which that is', () => {
    const { log, lines } = loggerOf({ level: 'warn' })
    log.info({}, 'unheard')
    expect(lines).toEqual([])
    expect([log.isLevelEnabled('info'), log.isLevelEnabled('warn')]).toEqual([false, true])
  })

  it('says how many lines were dropped once its stream takes lines again', () => {
    const lines: string[] = []
    let report: (lines: number) => void = () => undefined
    const stream: LogStream = {
      isTerminal: false,
      write: (line) => lines.push(line),
      flush: () => undefined,
      onDropped: (listener) => (report = listener),
    }
    createLogger(defaults, stream)
    report(7)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      lines: 7,
      msg: 'log lines dropped because standard output was not read',
    })
  })

  it('has children that add their fields', () => {
    const { log, lines } = loggerOf({})
    log.child({ upload: 'u' }).info({}, 'started')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ upload: 'u', msg: 'started' })
  })
})
