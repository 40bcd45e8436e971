import type { TokenAnswer, TokenRequest, TokenServer } from '@berth/access'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TestApi } from '../test-api.ts'

const issued: TokenAnswer = {
  outcome: 'issued',
  name: 'bob',
  token: 'the.very.token',
  scopes: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
  expiresInSeconds: 300,
  issuedAtMs: Date.UTC(2030, 0, 1),
}

async function api(answer: TokenAnswer = issued, settings = {}) {
  const asked: TokenRequest[] = []
  const tokens: TokenServer = {
    realm: 'registry.example',
    keySet: () => '{"keys":[]}',
    issue: async (request) => {
      asked.push(request)
      return answer
    },
  }
  const denying = {
    controller: {
      decide: () => {
        throw new Error('nobody is to decide about this')
      },
    },
  }
  const served = await TestApi.open({ services: { tokens }, access: denying, settings })
  onTestFinished(() => served.close())
  const form = (body: string, type = 'application/x-www-form-urlencoded') =>
    served.send('POST', '/token', { headers: { 'Content-Type': type }, body })
  return { served, asked, form }
}

const basic = (text: string) => ({ headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` } })

describe('GET /token', () => {
  it('asks for what a client asks for, and answers with a token that nobody keeps', async () => {
    const { asked, served } = await api({ ...issued, refreshToken: 'refresh' })
    const query = 'service=registry.example&scope=repository:a:pull&scope=repository:b:pull,push%20registry:catalog:*'
    const { headers, status, text } = await served.send('GET', `/token?${query}&offline_token=true`, basic('bob:s:e'))
    expect(asked).toEqual([
      {
        credentials: { kind: 'password', name: 'bob', password: 's:e' },
        service: 'registry.example',
        scopes: [
          { type: 'repository', name: 'a', actions: ['pull'] },
          { type: 'repository', name: 'b', actions: ['pull', 'push'] },
          { type: 'registry', name: 'catalog', actions: ['*'] },
        ],
        wantsRefresh: true,
        source: '127.0.0.1',
      },
    ])
    expect([status, headers['cache-control'], headers['content-type']]).toEqual([200, 'no-store', 'application/json'])
    expect(JSON.parse(text)).toEqual({
      token: 'the.very.token',
      access_token: 'the.very.token',
      expires_in: 300,
      issued_at: '2030-01-01T00:00:00.000Z',
      refresh_token: 'refresh',
    })
  })

  it('is for nobody in particular without credentials', async () => {
    const { asked, served } = await api()
    await served.send('GET', '/token')
    expect(asked).toEqual([
      { credentials: { kind: 'none' }, service: undefined, scopes: [], wantsRefresh: false, source: '127.0.0.1' },
    ])
  })

  it.each(['Bearer x', 'Basic', 'Basic %', ''])(
    'is not for nobody where there are other credentials: %j',
    async (authorization) => {
      const { asked, served } = await api()
      const { headers, status } = await served.send('GET', '/token', { headers: { Authorization: authorization } })
      expect([status, headers['www-authenticate'], asked]).toEqual([401, 'Basic realm="registry.example"', []])
    },
  )

  it('says that credentials are worth nothing, and nothing more', async () => {
    const { served } = await api({ outcome: 'refused', reason: 'credentials', detail: 'user and password do not fit' })
    const { headers, status, text } = await served.send('GET', '/token', basic('bob:wrong'))
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="registry.example"'])
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] })
    expect(text).not.toContain('fit')
    expect(JSON.stringify(served.lines)).not.toContain('wrong')
  })

  it('says when to come back', async () => {
    const { served } = await api({ outcome: 'limited', reason: 'tokens', retryAfterMs: 1500 })
    const { headers, status, text } = await served.send('GET', '/token', basic('bob:x'))
    expect([status, headers['retry-after']]).toEqual([429, '2'])
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] })
  })

  it('says which registry it is for', async () => {
    const { served } = await api({ outcome: 'refused', reason: 'service', detail: '' })
    const { status, text } = await served.send('GET', '/token?service=x')
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'this server gives tokens for registry.example alone' },
    ])
  })

  it('is for so many things and not more', async () => {
    const { asked, served } = await api()
    const scopes = Array.from({ length: 101 }, (_, at) => `scope=repository:r${at}:pull`)
    expect((await served.send('GET', `/token?${scopes.slice(1).join('&')}`)).status).toBe(200)
    expect((await served.send('GET', `/token?${scopes.join('&')}`)).status).toBe(400)
    expect(asked).toHaveLength(1)
  })

  it('tells the log for whom, and of what it was given nothing', async () => {
    const { served } = await api({ ...issued, refreshToken: 'refresh' })
    await served.send('GET', '/token', basic('bob:secret'))
    await expect.poll(() => JSON.stringify(served.lines)).toContain('"user":"bob"')
    const told = JSON.stringify(served.lines)
    for (const secret of ['the.very.token', 'refresh"', 'secret', 'Ym9i']) expect(told).not.toContain(secret)
  })
})

describe('POST /token', () => {
  it.each([
    ['grant_type=password&username=bob&password=s%26%2B', { kind: 'password', name: 'bob', password: 's&+' }],
    ['grant_type=refresh_token&refresh_token=r', { kind: 'refresh', token: 'r' }],
    [
      'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=t',
      { kind: 'identity', token: 't' },
    ],
  ])('takes %s', async (body, credentials) => {
    const { asked, form } = await api()
    const { status, text } = await form(`${body}&scope=repository:a:pull%20repository:b:push&service=s&client_id=c`)
    expect(status).toBe(200)
    expect(asked).toMatchObject([
      { credentials, service: 's', wantsRefresh: false, scopes: [{ name: 'a' }, { name: 'b' }] },
    ])
    expect(JSON.parse(text)).toMatchObject({
      access_token: 'the.very.token',
      token_type: 'Bearer',
      scope: 'repository:team/app:pull,push',
      expires_in: 300,
    })
  })

  it('asks for a refresh token where a client wants to come back', async () => {
    const { asked, form } = await api()
    await form('grant_type=password&username=b&password=p&access_type=offline')
    expect(asked).toMatchObject([{ wantsRefresh: true }])
  })

  it.each([
    ['nothing', '', 'invalid_request'],
    ['no grant', 'username=b&password=p', 'invalid_request'],
    ['another grant', 'grant_type=authorization_code&code=x', 'unsupported_grant_type'],
    ['no password', 'grant_type=password&username=b', 'invalid_request'],
    ['no refresh token', 'grant_type=refresh_token', 'invalid_request'],
  ])('refuses %s, as OAuth has it', async (_, body, error) => {
    const { asked, form } = await api()
    const { headers, status, text } = await form(body)
    expect([status, headers['cache-control'], asked]).toEqual([400, 'no-store', []])
    expect(JSON.parse(text)).toMatchObject({ error })
  })

  it('refuses what is no form, or larger than one', async () => {
    const { form } = await api()
    expect((await form('{"grant_type":"password"}', 'application/json')).status).toBe(400)
    expect((await form(`grant_type=password&username=b&password=${'p'.repeat(70_000)}`)).status).toBe(413)
  })

  it('works where nothing may be changed', async () => {
    const { form } = await api(issued, { isReadOnly: true })
    expect((await form('grant_type=password&username=b&password=p')).status).toBe(200)
  })
})

describe('/token', () => {
  it('tells its keys to everybody', async () => {
    const { headers, status, text } = await (await api()).served.send('GET', '/token/keys')
    expect([status, headers['content-type'], text]).toEqual([200, 'application/json', '{"keys":[]}\n'])
  })

  it.each([
    ['DELETE', '/token'],
    ['POST', '/token/keys'],
  ])('does not know %s %s', async (method, path) => {
    expect((await (await api()).served.send(method, path)).status).toBe(405)
  })

  it('is beside /v2/, below the prefix', async () => {
    const { served } = await api(issued, { prefix: '/registry/' })
    expect((await served.send('GET', '/registry/token')).status).toBe(200)
    for (const path of ['/token', '/registry/v2/token', '/v2/token'])
      expect((await served.send('GET', path)).status).toBe(404)
  })

  it('is not there where no tokens are given', async () => {
    const served = await TestApi.open()
    onTestFinished(() => served.close())
    expect((await served.send('GET', '/token')).status).toBe(404)
  })
})
