import { Metadata } from '@grpc/grpc-js'
import { type ErrorCode, type ErrorDetail, messages, RegistryError, registryErrors } from '@berth/errors'

const key = 'berth-faults-bin'

/** Bytes of JSON: in base64, and with all else, well below the 64 KiB that HTTP/2 lets headers have by default. */
const maxBytes = 32 * 1024
const maxText = 256

interface Fault {
  readonly code: ErrorCode
  readonly detail?: ErrorDetail[ErrorCode]
}

/** The faults of `error` as trailing metadata: one as an object, several as a list. As many as there is room for. */
export function metadataOf(error: unknown): Metadata {
  const faults: Fault[] = registryErrors(error).map(({ code, detail }) => ({ code, detail }))
  const metadata = new Metadata()
  metadata.set(key, encode(error instanceof AggregateError ? faults : (faults[0] ?? []), faults))
  return metadata
}

/** The error whose faults `metadata` has; `undefined` where it has none that can be read. */
export function faultsOf(metadata: Metadata | undefined, cause?: Error): RegistryError | AggregateError | undefined {
  const [encoded] = metadata?.get(key) ?? []
  if (!Buffer.isBuffer(encoded)) return undefined
  const sent = parse(encoded.toString())
  const several = Array.isArray(sent)
  const faults: readonly unknown[] = several ? sent : [sent]
  if (faults.length === 0 || !faults.every(isFault)) return undefined
  const errors = faults.map(({ code, detail }) => new RegistryError(code, detail, { cause }))
  return several ? new AggregateError(errors) : errors[0]
}

function encode(value: Fault | readonly Fault[], faults: readonly Fault[]): Buffer {
  const whole = Buffer.from(JSON.stringify(value))
  if (whole.byteLength <= maxBytes) return whole
  const short = faults.map(({ code, detail }) => JSON.stringify({ code, detail }, shortened))
  if (!Array.isArray(value)) return Buffer.from(short[0] ?? '')
  let size = 2
  const fitting = short.filter((each) => (size += Buffer.byteLength(each) + 1) <= maxBytes)
  return Buffer.from(`[${fitting.join(',')}]`)
}

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > maxText ? `${value.slice(0, maxText)}…` : value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isFault(value: unknown): value is Fault {
  if (typeof value !== 'object' || value === null || !('code' in value)) return false
  return typeof value.code === 'string' && Object.hasOwn(messages, value.code)
}
