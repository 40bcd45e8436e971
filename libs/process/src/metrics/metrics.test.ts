import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

function metricsOf() {
  return createMetrics({ version: '1.2.3', withProcess: false })
}

describe('metrics', () => {
  it('tell what runs', async () => {
    expect(await metricsOf().render()).toContain(`berth_build_info{version="1.2.3",node="${process.version}"} 1\n`)
  })

  it('name the git revision where it is known', async () => {
    const text = await createMetrics({ version: '1.2.3', revision: 'a94a8fe', withProcess: false }).render()
    expect(text).toContain(`berth_build_info{version="1.2.3",node="${process.version}",revision="a94a8fe"} 1\n`)
  })

  it('have the process’s own among them', async () => {
    const text = await createMetrics({ version: '1' }).render()
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).toContain('nodejs_eventloop_lag_seconds')
  })

  it('count and time a request under Distribution’s names', async () => {
    const metrics = metricsOf()
    metrics.http.inFlight('manifest', 1)
    metrics.http.inFlight('manifest', 1)
    metrics.http.inFlight('manifest', -1)
    metrics.http.observe('manifest', 'GET', 200, 0.02, 0, 1500)
    metrics.http.observe('manifest', 'GET', 200, 100, 0, 1024)
    metrics.http.observe('manifest', 'PUT', 201, 0.005, 2048, 0)
    const text = await metrics.render()
    for (const line of [
      'registry_http_in_flight_requests{handler="manifest"} 1',
      'registry_http_in_flight_requests{handler="blob_upload_chunk"} 0',
      'registry_http_requests_total{handler="manifest",code="200",method="get"} 2',
      'registry_http_requests_total{handler="manifest",code="201",method="put"} 1',
      'registry_http_request_duration_seconds_bucket{handler="manifest",method="get",le="0.01"} 0',
      'registry_http_request_duration_seconds_bucket{handler="manifest",method="get",le="0.025"} 1',
      'registry_http_request_duration_seconds_bucket{handler="manifest",method="get",le="60"} 1',
      'registry_http_request_duration_seconds_bucket{handler="manifest",method="get",le="+Inf"} 2',
      'registry_http_request_duration_seconds_sum{handler="manifest",method="get"} 100.02',
      'registry_http_request_duration_seconds_count{handler="manifest",method="get"} 2',
      'registry_http_request_duration_seconds_bucket{handler="manifest",method="put",le="0.005"} 1',
      'registry_http_request_size_bytes_bucket{handler="manifest",le="1024"} 2',
      'registry_http_response_size_bytes_bucket{handler="manifest",le="1024"} 2',
      'registry_http_response_size_bytes_bucket{handler="manifest",le="2048"} 3',
      'registry_http_response_size_bytes_bucket{handler="manifest",le="2147483648"} 3',
      '# TYPE registry_http_request_duration_seconds histogram',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
  })

  it('do not grow with what clients make up', async () => {
    const metrics = metricsOf()
    metrics.http.observe('base', 'BREW', 405, 0, 0, 0)
    metrics.http.observe('base', 'STEEP', 405, 0, 0, 0)
    expect(await metrics.render()).toContain(
      'registry_http_requests_total{handler="base",code="405",method="other"} 2\n',
    )
  })

  it('time a driver’s actions', async () => {
    const metrics = metricsOf()
    metrics.storage('filesystem').observe('Stat', 0.3)
    expect(await metrics.render()).toContain(
      'registry_storage_action_seconds_bucket{driver="filesystem",action="Stat",le="0.5"} 1\n',
    )
  })

  it('count the cache as a whole, and by tier', async () => {
    const metrics = metricsOf()
    metrics.cache.lookedUp('memory', 'hit')
    metrics.cache.lookedUp('memory', 'miss')
    metrics.cache.lookedUp('shared', 'hit')
    metrics.cache.rejected()
    const text = await metrics.render()
    expect(text).toContain('registry_storage_cache_requests_total 2\n')
    expect(text).toContain('registry_storage_cache_hits_total 2\n')
    expect(text).toContain('registry_storage_cache_errors_total 0\n')
    expect(text).toContain('berth_descriptor_cache_lookups_total{tier="memory",outcome="miss"} 1\n')
    expect(text).toContain('berth_descriptor_cache_lookups_total{tier="shared",outcome="hit"} 1\n')
    expect(text).toContain('berth_descriptor_cache_rejected_entries_total{tier="shared"} 1\n')
  })

  it('time the cache that is shared, from well below a millisecond, and count what fails of it', async () => {
    const metrics = metricsOf()
    metrics.cache.timed('find', 0.00008, false)
    metrics.cache.timed('hold', 0.2, true)
    const text = await metrics.render()
    expect(text).toContain('berth_descriptor_cache_seconds_bucket{tier="shared",operation="find",le="0.0001"} 1\n')
    expect(text).toContain('berth_descriptor_cache_errors_total{tier="shared",operation="find"} 0\n')
    expect(text).toContain('berth_descriptor_cache_errors_total{tier="shared",operation="hold"} 1\n')
    expect(text).toContain('registry_storage_cache_errors_total 1\n')
  })

  it('count uploads', async () => {
    const metrics = metricsOf()
    metrics.uploads.received(1024)
    expect(await metrics.render()).toContain('berth_upload_bytes_total 1024\n')
  })

  it('may be added to, each name once', async () => {
    const metrics = metricsOf()
    metrics
      .gauge({ name: 'berth_queue_length', help: 'Waiting', labels: ['queue'] })
      .child('a "b"\n')
      .set(3)
    metrics
      .histogram({ name: 'berth_wait_seconds', help: 'Waited', buckets: [1] })
      .child()
      .observe(2)
    const text = await metrics.render()
    expect(text).toContain('berth_queue_length{queue="a \\"b\\"\\n"} 3\n')
    expect(text).toContain(
      'berth_wait_seconds_bucket{le="+Inf"} 1\nberth_wait_seconds_sum 2\nberth_wait_seconds_count 1\n',
    )
    expect(() => metrics.counter({ name: 'berth_wait_seconds', help: '' })).toThrow('berth_wait_seconds')
  })
})
