import { describe, expect, it } from 'vitest'
import { parseOptions, usage, UsageError } from './options.ts'

describe('parseOptions', () => {
  it('compares with the peer on a directory, where nothing else is said', () => {
    expect(parseOptions([])).toMatchObject({ storage: 'filesystem', topology: 'all-in-one', rounds: 3, peer: true })
  })

  it('compares with another checkout, and with the peer', () => {
    expect(parseOptions(['--against', 'elsewhere'])).toMatchObject({ against: 'elsewhere', peer: true })
  })

  it('compares an attacked Berth with none but Berth', () => {
    expect(parseOptions(['--attack'])).toMatchObject({ attack: true, peer: false })
  })

  it('runs one round where it is to be quick', () => {
    expect(parseOptions(['--quick', '--storage', 's3'])).toMatchObject({ storage: 's3', rounds: 1, quick: true })
  })

  it.each([
    [['--storage', 'tape'], '--storage is filesystem or s3, not tape'],
    [['--storage', 's3', '--topology', 'split'], '--storage s3 is for Berth in one process'],
    [['--storage', 's3', '--auth', 'token'], '--storage s3 is for Berth in one process'],
    [['--auth', 'token', '--topology', 'split'], '--auth is for Berth in one process'],
    [['--attack', '--topology', 'split'], '--attack is for Berth in one process'],
    [['--against', 'elsewhere', '--auth', 'token'], '--against is without --auth'],
    [['--rounds', '0'], '--rounds is a whole number above 0, not 0'],
    [['--nothing'], '--nothing'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(message)
  })

  it('has help that names every option', () => {
    expect(parseOptions(['--help'])).toBe('help')
    const names = ['topology', 'storage', 'auth', 'against', 'attack', 'only', 'rounds', 'quick', 'no-peer', 'json']
    for (const name of [...names, 'folder']) expect(usage).toContain(`--${name}`)
  })
})
