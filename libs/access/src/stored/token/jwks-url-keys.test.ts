import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keptLog } from '../test-files.ts'
import { JwksUrlKeys } from './jwks-url-keys.ts'
import { testIssuer } from './test-tokens.ts'

const jwk = testIssuer().publicKey.export({ format: 'jwk' })
const setOf = (...ids: readonly string[]): string => JSON.stringify({ keys: ids.map((kid) => ({ ...jwk, kid })) })

function keys(initial: string | Error) {
  let answer = initial
  let now = 0
  let asked = 0
  const log = keptLog()
  const get = async () => {
    asked++
    if (answer instanceof Error) throw answer
    return answer
  }
  const known = new JwksUrlKeys({ url: 'https://t.example/jwks', log, get, nowMs: () => now })
  return {
    log,
    knows: async (kid: string) => (await known.find({ kid })) !== undefined,
    knownKey: (kid: string) => known.find({ kid }),
    generation: () => known.generation,
    answerWith: (next: string | Error) => void (answer = next),
    pass: (ms: number) => void (now += ms),
    asked: () => asked,
  }
}

describe('the keys behind a URL', () => {
  it('are asked for once', async () => {
    const { asked, knows } = keys(setOf('a', 'b'))
    expect(await Promise.all([knows('a'), knows('b'), knows('a')])).toEqual([true, true, true])
    expect(asked()).toBe(1)
  })

  it('are asked for again for one that is not known, at once where they have just changed', async () => {
    const { answerWith, knows } = keys(setOf('a'))
    await knows('a')
    answerWith(setOf('a', 'b'))
    expect(await knows('b')).toBe(true)
  })

  it('are not asked for all the time for one that nobody knows', async () => {
    const { asked, knows, pass } = keys(setOf('a'))
    for (let time = 0; time < 10; time++) expect(await knows('x')).toBe(false)
    expect(asked()).toBe(4)
    pass(10_000)
    for (let time = 0; time < 10; time++) expect(await knows('x')).toBe(false)
    expect(asked()).toBe(5)
  })

  it('are asked for again after a while, and one that is not there any more is not trusted', async () => {
    const { answerWith, generation, knows, pass } = keys(setOf('a', 'b'))
    await knows('a')
    const before = generation()
    answerWith(setOf('b'))
    pass(5 * 60_000 + 1)
    await expect.poll(() => generation() !== before).toBe(true)
    expect([await knows('a'), await knows('b')]).toEqual([false, true])
  })

  it('that were requested long ago are requested again before one of them is trusted', async () => {
    const { answerWith, knows, pass } = keys(setOf('a', 'b'))
    await knows('a')
    answerWith(setOf('b'))
    pass(10 * 60_000 + 1)
    expect([await knows('a'), await knows('b')]).toEqual([false, true])
  })

  it('are none any more where the server publishes a set without keys', async () => {
    const { answerWith, knows, pass } = keys(setOf('a'))
    await knows('a')
    answerWith('{"keys":[]}')
    pass(10 * 60_000 + 1)
    expect(await knows('a')).toBe(false)
  })

  it('are trusted for ten minutes, and for five more at a time while the server cannot be reached', async () => {
    const { answerWith, knownKey, pass } = keys(setOf('a'))
    expect(await knownKey('a')).toMatchObject({ trustedUntilMs: 10 * 60_000 })
    answerWith(new Error('ECONNREFUSED'))
    pass(10 * 60_000 + 1)
    expect(await knownKey('a')).toMatchObject({ trustedUntilMs: 15 * 60_000 + 1 })
  })

  it('are trusted until their exp', async () => {
    const { knownKey, pass } = keys(JSON.stringify({ keys: [{ ...jwk, kid: 'a', exp: 60 }] }))
    expect(await knownKey('a')).toMatchObject({ trustedUntilMs: 60_000 })
    pass(60_000)
    expect(await knownKey('a')).toBeUndefined()
  })

  it('are the same generation where they are the same', async () => {
    const { asked, generation, knows, pass } = keys(setOf('a'))
    await knows('a')
    const before = generation()
    pass(5 * 60_000 + 1)
    await expect.poll(() => (generation(), asked())).toBe(2)
    expect(generation()).toBe(before)
  })

  it('count for a day where they cannot be had again', async () => {
    const { answerWith, generation, knows, log, pass } = keys(setOf('a'))
    await knows('a')
    answerWith(new Error('ECONNREFUSED'))
    pass(3_600_000)
    generation()
    expect(await knows('a')).toBe(true)
    await expect.poll(() => log.lines.filter(({ level }) => level === 'error').length).toBe(1)
    pass(24 * 3_600_000)
    generation()
    await expect(knows('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    answerWith(setOf('a'))
    pass(10_000)
    expect(await knows('a')).toBe(true)
  })

  it('are unavailable until they were had once', async () => {
    const { answerWith, knows, pass } = keys(new Error('ECONNREFUSED'))
    await expect(knows('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    answerWith('nonsense')
    pass(10_000)
    await expect(knows('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    answerWith(setOf('a'))
    pass(10_000)
    expect(await knows('a')).toBe(true)
  })

  it('come over HTTP, from where they are and from nowhere else, and not more than there can be', async () => {
    const server = createServer(({ url }, response) => {
      if (url === '/jwks') response.end(setOf('a'))
      else if (url === '/elsewhere') response.writeHead(302, { Location: '/jwks' }).end()
      else if (url === '/large') response.end(setOf('a') + ' '.repeat(2 * 1024 * 1024))
      else response.writeHead(404).end(setOf('a'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const at = (path: string) => new JwksUrlKeys({ url: `http://127.0.0.1:${port}${path}`, log: keptLog() })
    expect(await at('/jwks').find({ kid: 'a' })).toBeDefined()
    for (const path of ['/elsewhere', '/large', '/none'])
      await expect(at(path).find({ kid: 'a' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('are told of without what is secret in it, whether they can be had or not', async () => {
    const server = createServer(({ url, headers }, response) => {
      if (headers.authorization !== `Basic ${btoa('bob:hunter2')}`) response.writeHead(401).end()
      else if (url === '/jwks?key=s3cret') response.end(setOf('a'))
      else if (url === '/broken?key=s3cret') response.end('{"keys": s3cret}')
      else response.writeHead(404).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const log = keptLog()
    const at = (path: string) =>
      new JwksUrlKeys({ url: `http://bob:hunter2@127.0.0.1:${port}${path}?key=s3cret`, log }).find({ kid: 'a' })
    expect(await at('/jwks')).toBeDefined()
    for (const path of ['/broken', '/none']) await expect(at(path)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    server.close()
    server.closeAllConnections()
    await expect(at('/gone')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const told = inspect(log.lines, { depth: 10 })
    for (const path of ['/jwks', '/broken', '/none', '/gone']) expect(told).toContain(`http://127.0.0.1:${port}${path}`)
    for (const secret of ['hunter2', 's3cret']) expect(told).not.toContain(secret)
  })
})
