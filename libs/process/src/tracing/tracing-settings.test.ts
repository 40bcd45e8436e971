import { describe, expect, it } from 'vitest'
import { tracingSettings } from './tracing-settings.ts'

const settings = (environment: Record<string, string>) => tracingSettings(environment, 'manifest')

describe('traces', () => {
  it.each([
    ['nothing is said', {}],
    ['empty variables say nothing', { OTEL_TRACES_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['no exporter is wanted', { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }],
    ['all of it is disabled', { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }],
  ])('are not made where %s', (_, environment: Record<string, string>) => {
    expect(settings(environment)).toBeUndefined()
  })

  it.each([
    ['http://localhost:4318/v1/traces', { OTEL_TRACES_EXPORTER: 'otlp' }],
    ['http://c:4318/v1/traces', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }],
    [
      'https://t/in',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/in', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' },
    ],
  ])('go to %s', (url, environment: Record<string, string>) => {
    expect(settings(environment)).toMatchObject({ url, serviceName: 'manifest', sampler: 'parentbased_always_on' })
  })

  it.each([
    ['http/protobuf where no variable says how', {}],
    ['http/json where a variable says so', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }],
    [
      'http/protobuf where the variable of traces says so',
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
    ],
  ])('are sent as %s', (title, environment: Record<string, string>) => {
    const [protocol] = title.split(' ')
    expect(settings({ OTEL_TRACES_EXPORTER: 'otlp', ...environment })).toMatchObject({ protocol })
  })

  it.each(['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'])(
    'are refused over gRPC, and the variable is named: %s',
    (variable) => {
      expect(() => settings({ OTEL_TRACES_EXPORTER: 'otlp', [variable]: 'grpc' })).toThrow(
        `${variable}: must be one of http/protobuf, http/json`,
      )
    },
  )

  it('are as the variables say', () => {
    const environment = {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_SERVICE_NAME: 'registry',
      OTEL_RESOURCE_ATTRIBUTES: 'a=b',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    }
    expect(settings(environment)).toMatchObject({
      serviceName: 'registry',
      resourceAttributes: 'a=b',
      sampler: 'traceidratio',
      ratio: 0.25,
      maxQueue: 100,
      maxBatch: 100,
      delayMs: 20,
    })
  })

  it('that cannot be made as they are asked for are refused, with all that is wrong', () => {
    const environment = {
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'some',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_BSP_MAX_QUEUE_SIZE: '-1',
    }
    expect(() => settings(environment)).toThrow('6 problems')
  })
})
