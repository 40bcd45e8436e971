import { StartError } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import { type Command, type CommandCall, CommandMistake } from './command.ts'
import { helpText } from './help-text.ts'
import type { Host } from './host.ts'
import { runProcess } from './run-process.ts'

const config = 'version: 0.1\nstorage: inmemory\nauth: none\n'

/** What a program with one command does when it is called so. */
async function called(args: readonly string[], run: (call: CommandCall) => number) {
  const printed: string[] = []
  const errors: string[] = []
  const codes: number[] = []
  const host: Host = {
    args,
    environment: {},
    logStream: { isTerminal: false, write: () => undefined, flush: () => undefined },
    setTitle: () => undefined,
    readFile: (path) => (path === 'c.yml' ? config : 'nothing'),
    print: (text) => void printed.push(text),
    printError: (text) => void errors.push(text),
    onSignal: () => undefined,
    onUncaught: () => undefined,
    timeout: () => new AbortController().signal,
    exit: (code) => void codes.push(code),
  }
  const served: string[] = []
  await runProcess({ name: 'berth', commands: [commandOf(run)] }, async () => void served.push('served'), host)
  return { printed, errors, codes, served }
}

function commandOf(run: Command['run']): Command {
  return { name: 'say hello', usage: 'NAME', about: 'greets', options: { how: 'WORD  how' }, run }
}

describe('a command', () => {
  it('is given what it was called with, and ends the program with its answer', async () => {
    let given: unknown
    const { codes, printed, served } = await called(['say', 'hello', 'bob', '--how', 'loudly'], (call) => {
      given = [call.positionals, { ...call.options }]
      call.print('hello\n')
      return 1
    })
    expect(given).toEqual([['bob'], { how: 'loudly' }])
    expect([codes, printed, served]).toEqual([[1], ['hello\n'], []])
  })

  it('reads the configuration that it is told', async () => {
    const { codes } = await called(['say', 'hello', '-c', 'c.yml'], (call) =>
      call.config().storage.driver.name === 'inmemory' ? 0 : 1,
    )
    expect(codes).toEqual([0])
  })

  it.each([
    ['a mistake', new CommandMistake('no name'), 'berth: no name\nUsage: berth say hello NAME\n'],
    ['a file that cannot be used', new StartError('policy', 'is broken'), 'berth: policy: is broken\n'],
  ])('tells %s in a line, and ends with another status than no', async (_, error, line) => {
    const { codes, errors } = await called(['say', 'hello'], () => {
      throw error
    })
    expect([codes, errors]).toEqual([[2], [line]])
  })

  it('is refused an option that it does not have', async () => {
    const { codes, errors } = await called(['say', 'hello', '--loud'], () => 0)
    expect(codes).toEqual([1])
    expect(errors[0]).toContain("Unknown option '--loud'")
  })

  it('is none where only a part of its words is there', async () => {
    const { errors } = await called(['say', 'bye'], () => 0)
    expect(errors[0]).toContain('one configuration file, not say and bye')
  })

  it('is in the help', () => {
    expect(helpText({ name: 'berth', commands: [commandOf(() => 0)] })).toContain(
      '  berth say hello NAME\n        greets\n        --how WORD  how\n',
    )
  })
})
