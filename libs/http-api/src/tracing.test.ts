import { describe, expect, it, onTestFinished } from 'vitest'
import { RegistryError } from '@berth/errors'
import type { SpanAttributes, TraceContext, Tracer } from '@berth/process'
import type { Tags } from '@berth/manifests'
import { TestApi } from './test-api.ts'

async function traced(list: Tags['list']) {
  const spans: { name: string; caller: TraceContext; attributes: SpanAttributes; failure: string | undefined }[] = []
  const tracer: Tracer = {
    active: undefined,
    serve: (name, caller, begun) => ({
      traceId: 'the trace',
      context: {},
      ask: () => Promise.reject(new Error('nobody is asked')) as never,
      past: () => undefined,
      end: (attributes, failure) => spans.push({ name, caller, attributes: { ...begun, ...attributes }, failure }),
    }),
    within: (_, work) => work(),
  }
  const tags = { list, delete: () => Promise.reject(new Error('not to be called')) }
  const settings = { trustedProxies: [{ address: '127.0.0.1', prefix: 32, family: 'ipv4' as const }] }
  const api = await TestApi.open({ services: { tags }, tracer, settings })
  onTestFinished(() => api.close())
  return { api, spans }
}

describe('a request that is traced', () => {
  const context = { traceparent: '00-1-2-01', tracestate: 'x=y' }

  it('is a span in its client’s trace, whose id is in its line', async () => {
    const { api, spans } = await traced(() => Promise.resolve({ entries: [], hasMore: false }))
    await api.send('GET', '/v2/a/b/tags/list?n=5', { headers: { ...context, 'X-Forwarded-For': '203.0.113.9' } })
    await api.close()
    expect(spans).toMatchObject([
      {
        name: 'GET tags',
        caller: context,
        attributes: {
          'http.request.method': 'GET',
          'http.route': '/v2/{name}/tags/list',
          'url.path': '/v2/a/b/tags/list',
          'client.address': '203.0.113.9',
          'http.response.status_code': 200,
          'registry.repository': 'a/b',
        },
        failure: undefined,
      },
    ])
    expect(api.lines).toMatchObject([{ fields: { traceId: 'the trace' } }])
  })

  it('has failed only where the registry did', async () => {
    const unknown = new RegistryError('NAME_UNKNOWN', { name: 'a' })
    const refusing = await traced(() => Promise.reject(unknown))
    await refusing.api.send('GET', '/v2/a/tags/list')
    const failing = await traced(() => Promise.reject(new Error('EIO')))
    await failing.api.send('GET', '/v2/a/tags/list')
    await Promise.all([refusing.api.close(), failing.api.close()])
    expect(refusing.spans).toMatchObject([
      { failure: undefined, attributes: { 'registry.error.code': 'NAME_UNKNOWN' } },
    ])
    expect(failing.spans).toMatchObject([{ failure: '500' }])
  })

  it('is a span where no route has it', async () => {
    const { api, spans } = await traced(() => Promise.reject(new Error('not to be called')))
    await api.send('GET', '/nowhere')
    await api.close()
    expect(spans).toMatchObject([{ name: 'GET', attributes: { 'http.response.status_code': 404 } }])
  })
})
