import type { AccessController, AccessDecision, AccessRequest } from '@berth/access'
import { Requester } from '@berth/access'
import type { DenialReason } from '@berth/access'
import { RegistryError } from '@berth/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { routes } from '../routes.ts'
import { TestApi } from '../test-api.ts'
import { requireEntries, routeAccess } from './route-access.ts'

const granted: AccessDecision = { outcome: 'granted', identity: { name: 'bob' } }

function denied(reason: DenialReason): AccessDecision {
  return { outcome: 'denied', reason, challenge: { scheme: 'Basic', realm: 'here' } }
}

let api: TestApi
afterEach(() => api.close())

/** A registry whose catalog is all there is, and all that is asked about it. */
async function serve(decide: AccessController['decide'], trustedProxies = false) {
  const asked: AccessRequest[] = []
  const counted: string[] = []
  const requester = new Requester()
  const listed: (string | undefined)[] = []
  const catalog = {
    list: async () => {
      await Promise.resolve()
      listed.push(requester.current?.name)
      return { entries: [], hasMore: false }
    },
  }
  const controller: AccessController = {
    decide: (request) => {
      const { authorization, accesses, source, host, scheme } = request
      asked.push({ authorization, accesses, source, host, scheme })
      return decide(request)
    },
  }
  api = await TestApi.open({
    services: { catalog },
    settings: { trustedProxies: trustedProxies ? [{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }] : [] },
    access: { controller, requester, metrics: { decided: (outcome) => void counted.push(outcome) } },
  })
  const lines = (message: string) => api.lines.filter((line) => line.message === message)
  return { asked, counted, listed, lines }
}

describe('a request', () => {
  it('is decided about once, by all that it says', async () => {
    const { asked, listed } = await serve(() => granted)
    const headers = { Authorization: 'Basic abc', Host: 'registry.example:5000', 'X-Forwarded-For': '192.0.2.9' }
    expect((await api.send('GET', '/v2/_catalog', { headers })).status).toBe(200)
    expect(asked).toEqual([
      {
        authorization: 'Basic abc',
        accesses: [{ type: 'registry', name: 'catalog', action: '*' }],
        source: '127.0.0.1',
        host: 'registry.example:5000',
        scheme: undefined,
      },
    ])
    expect(listed).toEqual(['bob'])
  })

  it('comes from where a proxy that is believed says', async () => {
    const { asked } = await serve(() => granted, true)
    const headers = { 'X-Forwarded-For': '203.0.113.7, 192.0.2.9, 127.0.0.1', 'X-Forwarded-Proto': 'https' }
    await api.send('GET', '/v2/', { headers })
    await api.send('GET', '/v2/', { headers: { 'X-Forwarded-For': 'nonsense' } })
    expect(asked).toMatchObject([{ source: '192.0.2.9', scheme: 'https' }, { source: '127.0.0.1' }])
  })

  it('that is denied gets a realm beyond ASCII as UTF-8, whether the connection stays or not', async () => {
    await serve(() => ({
      outcome: 'denied',
      reason: 'no credentials',
      challenge: { scheme: 'Basic', realm: 'imágenes 登録' },
    }))
    const body = Buffer.alloc(1_000_000)
    for (const [method, options] of [
      ['GET', {}],
      ['HEAD', {}],
      ['GET', { body }],
    ] as const) {
      const { status, headers } = await api.send(method, '/v2/_catalog', options)
      const realm = Buffer.from(String(headers['www-authenticate']), 'latin1').toString()
      expect({ status, realm }).toEqual({ status: 401, realm: 'Basic realm="imágenes 登録"' })
    }
  })

  it('that is granted is told of with who asks', async () => {
    const { counted, lines } = await serve(async () => granted)
    await api.send('GET', '/v2/')
    expect(counted).toEqual(['granted'])
    expect(lines('request served')).toMatchObject([{ fields: { user: 'bob', status: 200 } }])
    expect(lines('access denied')).toEqual([])
  })

  it.each<[DenialReason, string]>([
    ['no credentials', 'info'],
    ['invalid credentials', 'warn'],
    ['insufficient scope', 'warn'],
  ])('that is denied for %s is told of, and nothing is done for it', async (reason, level) => {
    const { counted, lines, listed } = await serve(() => denied(reason))
    const { status, headers, text } = await api.send('GET', '/v2/_catalog')
    expect({ status, challenge: headers['www-authenticate'] }).toEqual({ status: 401, challenge: 'Basic realm="here"' })
    const detail = [{ Type: 'registry', Class: '', Name: 'catalog', Action: '*' }]
    const errors = [{ code: 'UNAUTHORIZED', message: 'authentication required', detail }]
    expect(JSON.parse(text)).toEqual({ errors })
    expect(counted).toEqual([reason])
    const fields = { method: 'GET', route: 'catalog', access: 'registry:catalog:*', reason, remoteAddress: '127.0.0.1' }
    expect(lines('access denied')).toMatchObject([{ level, fields }])
    expect(listed).toEqual([])
  })

  it('that is denied over and over is told of so many times a minute, and counted every time', async () => {
    let decision = denied('invalid credentials')
    const { counted, lines } = await serve(() => decision)
    for (let time = 0; time < 50; time++) await api.send('GET', '/v2/')
    expect(counted).toHaveLength(50)
    expect(lines('access denied')).toHaveLength(20)
    decision = denied('no credentials')
    await api.send('GET', '/v2/')
    expect(lines('access denied').at(-1)).toMatchObject({ level: 'info', fields: { untold: 30 } })
  })

  it('says nothing but that it is wanted to be known who asks, where nothing is asked for', async () => {
    await serve(() => denied('no credentials'))
    expect(JSON.parse((await api.send('GET', '/v2/')).text)).toMatchObject({ errors: [{ detail: null }] })
  })

  it('of a client that fails too often is told when to come again', async () => {
    const { counted, lines } = await serve(() => ({ outcome: 'limited', retryAfterMs: 5001 }))
    const { status, headers } = await api.send('GET', '/v2/')
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 429, retryAfter: '6' })
    expect(counted).toEqual(['limited'])
    expect(lines('access denied')).toMatchObject([{ level: 'warn', fields: { reason: 'too many failed logins' } }])
  })

  it('is unavailable where nobody can decide', async () => {
    await serve(() => Promise.reject(new RegistryError('UNAVAILABLE', { reason: 'no keys' })))
    expect((await api.send('GET', '/v2/')).status).toBe(503)
  })

  it('that is denied is not waited for to the end of its body', async () => {
    await serve(() => denied('no credentials'))
    const client = await api.connect()
    client.write('PUT /v2/_catalog HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n')
    const answer = await client.until('\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
    client.destroy()
  })

  it('for what is no path of the API is answered without a decision', async () => {
    const { asked } = await serve(() => denied('no credentials'))
    expect((await api.send('GET', '/')).status).toBe(200)
    expect((await api.send('GET', '/nowhere')).status).toBe(404)
    expect(asked).toEqual([])
  })
})

describe('the table of what operations need', () => {
  it('has an entry for each', () => {
    expect(() => requireEntries(routes)).not.toThrow('nobody said')
  })

  it('lets no server start where one has none', () => {
    const { manifest: _, ...others } = routeAccess
    expect(() => requireEntries(routes, others)).toThrow('nobody said what access GET of the route manifest needs')
    const partly = { ...routeAccess, manifest: { GET: [], HEAD: [], PUT: [] } }
    expect(() => requireEntries(routes, partly)).toThrow('nobody said what access DELETE of the route manifest needs')
  })
})
