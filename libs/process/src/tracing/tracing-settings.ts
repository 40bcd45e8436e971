import type { Environment } from '@berth/configuration'
import { type Problem, ConfigError } from '@berth/configuration'

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

type SamplerName = (typeof samplers)[number]

const protocols = ['http/protobuf', 'http/json'] as const

/** How traces are made and where they go, as OpenTelemetry's variables say. */
export interface TracingSettings {
  readonly serviceName: string
  /** Further attributes of the process: `key=value,…`. */
  readonly resourceAttributes: string
  /** Where spans are sent. */
  readonly url: string
  /** How spans are encoded. */
  readonly protocol: (typeof protocols)[number]
  readonly sampler: SamplerName
  /** Of the traces that begin here: how many are kept, from 0 to 1. */
  readonly ratio: number
  readonly delayMs: number
  readonly timeoutMs: number
  /** Spans that wait to be sent; what is more is dropped. */
  readonly maxQueue: number
  readonly maxBatch: number
}

/**
 * @param name the service's, where the environment gives it none
 * @returns `undefined` where nobody asked for traces
 * @throws ConfigError a variable cannot be used
 * @see OpenTelemetry specification, "Environment Variable Specification"
 */
export function tracingSettings(environment: Environment, name: string): TracingSettings | undefined {
  // An empty variable is one that is not set.
  const read = (variable: string): string | undefined => environment[variable]?.trim() || undefined
  const exporter = read('OTEL_TRACES_EXPORTER')?.toLowerCase()
  const whole = read('OTEL_EXPORTER_OTLP_ENDPOINT')
  const url = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? (whole && `${whole.replace(/\/+$/, '')}/v1/traces`)
  const isAsked = exporter === undefined ? url !== undefined : exporter !== 'none'
  if (!isAsked || read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined

  const problems: Problem[] = []
  const problem = (path: string, message: string): void => void problems.push({ path, message })
  const count = (variable: string, fallback: number): number => {
    const value = Number(read(variable) ?? fallback)
    if (!Number.isInteger(value) || value < 1) problem(variable, 'must be a whole number above 0')
    return value
  }
  if (exporter !== undefined && exporter !== 'otlp') problem('OTEL_TRACES_EXPORTER', 'must be otlp or none')
  const asProtocol = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(read)
  const protocol = protocols.find((each) => each === ((asProtocol && read(asProtocol)) ?? protocols[0]))
  if (asProtocol !== undefined && protocol === undefined)
    problem(asProtocol, `must be one of ${protocols.join(', ')}: traces are not sent over gRPC`)
  if (url !== undefined && !/^https?:\/\/./.test(url)) problem('OTEL_EXPORTER_OTLP_ENDPOINT', 'must be an HTTP URL')
  const asked = read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const sampler = samplers.find((each) => each === asked.toLowerCase())
  if (sampler === undefined) problem('OTEL_TRACES_SAMPLER', `must be one of ${samplers.join(', ')}`)
  const ratio = Number(read('OTEL_TRACES_SAMPLER_ARG') ?? 1)
  if (!(ratio >= 0 && ratio <= 1)) problem('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1')
  const maxQueue = count('OTEL_BSP_MAX_QUEUE_SIZE', 2048)
  const settings = {
    serviceName: read('OTEL_SERVICE_NAME') ?? name,
    resourceAttributes: read('OTEL_RESOURCE_ATTRIBUTES') ?? '',
    url: url ?? 'http://localhost:4318/v1/traces',
    protocol: protocol ?? protocols[0],
    sampler: sampler ?? 'always_off',
    ratio,
    delayMs: count('OTEL_BSP_SCHEDULE_DELAY', 5000),
    timeoutMs: count('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueue,
    maxBatch: Math.min(maxQueue, count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512)),
  }
  if (problems.length > 0) throw new ConfigError('environment', problems)
  return settings
}
