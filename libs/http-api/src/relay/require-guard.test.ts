import { describe, expect, it, onTestFinished } from 'vitest'
import { TestApi } from '../test-api.ts'
import { openGateway, ScriptedNode } from './relay-under-test.ts'

const blob = `/v2/foo/blobs/sha256:${'a'.repeat(64)}`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const setup = { relay: { guardedPath: '/v2/', retryForMs: 0 } }

/** A node that answers nobody with one status, and everything else with 200. */
async function openNode(status: number | (() => number)) {
  const heads: string[] = []
  const node = await ScriptedNode.open(onTestFinished, async (connection, socket) => {
    socket.on('data', (bytes) => {
      const head = bytes.toString('latin1')
      heads.push(head.split(' HTTP', 1)[0] ?? '')
      const isProbe = head.startsWith('HEAD /v2/ ')
      const said = typeof status === 'number' ? status : status()
      connection.write(isProbe ? `HTTP/1.1 ${said} Such\r\nContent-Length: 99\r\n\r\n` : ok)
    })
  })
  return { heads, address: node.address }
}

describe('a gateway that leaves it to its nodes who may have a blob', () => {
  it('asks each connection once whether it lets anybody in, and as nobody', async () => {
    const { address, heads } = await openNode(401)
    const { send } = await openGateway(onTestFinished, [address], setup)
    const headers = { Authorization: 'Bearer token' }
    for (let at = 0; at < 3; at++) expect(await (await send('GET', blob, { headers })).text()).toBe('ok')
    expect(heads).toEqual(['HEAD /v2/', ...Array.from({ length: 3 }, () => `GET ${blob}`)])
  })

  it.each([200, 204, 301, 403, 404, 429])('relays nothing to one that answers %d', async (status) => {
    const { address, heads } = await openNode(status)
    const { errors, gateway, send } = await openGateway(onTestFinished, [address], setup)
    const answer = await send('GET', blob)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      errors: [{ code: 'UNAVAILABLE', detail: { reason: 'a blob node does not control access' } }],
    })
    expect((await send('PUT', `/v2/foo/blobs/uploads/1?digest=x`, { body: 'hello' })).status).toBe(503)
    expect(new Set(heads)).toEqual(new Set(['HEAD /v2/']))
    expect(errors[0]).toMatchObject({ node: address })
    expect(gateway.lines.some(({ message }) => message === 'request failed')).toBe(false)
  })

  it('asks others instead', async () => {
    const [open, guarded] = [await openNode(200), await openNode(401)]
    const { send } = await openGateway(onTestFinished, [open.address, guarded.address], setup)
    for (let at = 0; at < 4; at++) expect((await send('GET', blob)).status).toBe(200)
    expect(new Set(open.heads)).toEqual(new Set(['HEAD /v2/']))
  })

  it('takes one that is not available for no more than that', async () => {
    const { address } = await openNode(503)
    const { errors, warnings, send } = await openGateway(onTestFinished, [address], setup)
    expect((await send('GET', blob)).status).toBe(503)
    expect([errors.length, warnings.length]).toEqual([0, 1])
  })

  it('believes one as soon as it says so', async () => {
    let status = 200
    const { address } = await openNode(() => status)
    const { send } = await openGateway(onTestFinished, [address], setup)
    expect((await send('GET', blob)).status).toBe(503)
    status = 401
    expect((await send('GET', blob)).status).toBe(200)
  })

  it('is content with a node that has access control, and not with one that has none', async () => {
    const controller = { decide: () => ({ outcome: 'denied', reason: 'no credentials', challenge }) as const }
    const challenge = { scheme: 'Basic', realm: 'here' } as const
    for (const access of [undefined, { controller }]) {
      const node = await TestApi.open({ services: {}, ...(access && { access }) })
      onTestFinished(() => node.close())
      const { send } = await openGateway(onTestFinished, [`127.0.0.1:${node.port}`], setup)
      expect((await send('GET', blob)).status).toBe(access === undefined ? 503 : 404)
    }
  })
})
