import { describe, expect, it, onTestFinished } from 'vitest'
import { RegistryError } from '@berth/errors'
import type { Span, SpanAttributes, TraceContext, Tracer } from '@berth/process'
import type { Page } from '@berth/manifests'
import { parseRepositoryName, type Tag } from '@berth/reference'
import { RemoteTags } from './client/remote-listings.ts'
import { RpcChannel } from './client/rpc-channel.ts'
import { listen } from './test-server.ts'

interface Ended {
  readonly name: string
  readonly attributes: SpanAttributes
  readonly failure: string | undefined
}

/** Keeps what ended; all that is done in one turn is done in the course of one span. */
class KeepingTracer implements Tracer {
  active: Span | undefined
  readonly ended: Ended[] = []
  readonly callers: TraceContext[] = []

  span(name: string, begun: SpanAttributes = {}): Span {
    const end = (attributes: SpanAttributes = {}, failure?: string): void =>
      void this.ended.push({ name, attributes: { ...begun, ...attributes }, failure })
    return {
      traceId: 'id',
      context: { traceparent: `of ${name}`, tracestate: 'x=y' },
      ask: (asked, attributes) => this.span(`asked ${asked}`, attributes),
      past: () => undefined,
      end,
    }
  }

  serve(name: string, caller: TraceContext, attributes: SpanAttributes): Span {
    this.callers.push(caller)
    return this.span(`served ${name}`, attributes)
  }

  within<T>(span: Span, work: () => T): T {
    this.active = span
    return work()
  }
}

const repository = parseRepositoryName('a/b')
const method = 'registry.v1.TagsService/ListTags'

async function served(list: () => Promise<Page<Tag>>, active = true) {
  const client = new KeepingTracer()
  const server = new KeepingTracer()
  if (active) client.active = client.span('request')
  const tags = { list, delete: () => Promise.reject(new Error('not to be called')) }
  const { address, close } = await listen({ tags }, { tracer: server })
  const channel = new RpcChannel({ addresses: [address], tracer: client })
  onTestFinished(async () => {
    channel.close()
    await close()
  })
  return { client, server, remote: new RemoteTags(channel) }
}

describe('a call that is traced', () => {
  it('is a span of who asks and one of who is asked, who is told of the first', async () => {
    const { client, server, remote } = await served(() => Promise.resolve({ entries: [], hasMore: false }))
    await remote.list(repository, {})
    expect(server.callers).toEqual([{ traceparent: `of asked ${method}`, tracestate: 'x=y' }])
    const attributes = { 'rpc.system': 'grpc', 'rpc.method': 'ListTags', 'rpc.grpc.status_code': 0 }
    expect(client.ended).toMatchObject([{ name: `asked ${method}`, attributes, failure: undefined }])
    expect(server.ended).toMatchObject([{ name: `served ${method}`, attributes, failure: undefined }])
  })

  it('has not failed where the answer is a refusal', async () => {
    const { client, server, remote } = await served(() =>
      Promise.reject(new RegistryError('NAME_UNKNOWN', { name: 'a/b' })),
    )
    await expect(remote.list(repository, {})).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
    const ended = [{ attributes: { 'rpc.grpc.status_code': 5 }, failure: undefined }]
    expect([client.ended, server.ended]).toMatchObject([ended, ended])
  })

  it('has failed where the service did', async () => {
    const { server, remote } = await served(() => Promise.reject(new Error('EIO')))
    await expect(remote.list(repository, {})).rejects.toMatchObject({ code: 'UNKNOWN' })
    expect(server.ended).toMatchObject([{ failure: 'UNKNOWN' }])
  })

  it('is a span of who is asked alone where nothing led to it', async () => {
    const { client, server, remote } = await served(() => Promise.resolve({ entries: [], hasMore: false }), false)
    await remote.list(repository, {})
    expect(client.ended).toEqual([])
    expect(server.callers).toEqual([{ traceparent: undefined, tracestate: undefined }])
  })
})
