import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { Attribute, SentSpan, SentTraces } from './test-collector.ts'

/**
 * For tests: reads what a collector is sent as `http/protobuf`, in the form that `http/json` has.
 *
 * @see opentelemetry-proto, `opentelemetry/proto/collector/trace/v1/trace_service.proto`
 */
export function readTraces(bytes: Uint8Array): SentTraces {
  return { resourceSpans: fieldsOf(bytes).messages(1).map(resourceSpansOf) }
}

function resourceSpansOf(fields: Fields): SentTraces['resourceSpans'][number] {
  const attributes = fields
    .messages(1)
    .flatMap((resource) => resource.messages(1))
    .map(attributeOf)
  const scopeSpans = fields.messages(2).map((scope) => ({ spans: scope.messages(2).map(spanOf) }))
  return { resource: { attributes }, scopeSpans }
}

function spanOf(fields: Fields): SentSpan {
  const [status] = fields.messages(15)
  return {
    traceId: fields.hex(1),
    spanId: fields.hex(2),
    parentSpanId: fields.hex(4),
    name: fields.text(5),
    kind: Number(fields.number(6)),
    startTimeUnixNano: String(fields.number(7)),
    endTimeUnixNano: String(fields.number(8)),
    attributes: fields.messages(9).map(attributeOf),
    ...(status !== undefined && { status: { code: Number(status.number(3)) } }),
  }
}

function attributeOf(fields: Fields): Attribute {
  const [value] = fields.messages(2)
  if (value === undefined) return { key: fields.text(1), value: {} }
  if (value.has(1)) return { key: fields.text(1), value: { stringValue: value.text(1) } }
  if (value.has(2)) return { key: fields.text(1), value: { boolValue: value.number(2) === 1n } }
  if (value.has(3)) return { key: fields.text(1), value: { intValue: Number(BigInt.asIntN(64, value.number(3))) } }
  return { key: fields.text(1), value: { doubleValue: value.double(4) } }
}

/** The fields of one message, by their numbers. */
class Fields {
  readonly #values = new Map<number, (bigint | Uint8Array)[]>()

  add(number: number, value: bigint | Uint8Array): void {
    this.#values.set(number, [...(this.#values.get(number) ?? []), value])
  }

  has(number: number): boolean {
    return this.#values.has(number)
  }

  messages(number: number): readonly Fields[] {
    return (this.#values.get(number) ?? []).map((value) => fieldsOf(bytesOf(value)))
  }

  text(number: number): string {
    return Buffer.from(bytesOf(this.#last(number))).toString('utf8')
  }

  hex(number: number): string {
    return Buffer.from(bytesOf(this.#last(number))).toString('hex')
  }

  number(number: number): bigint {
    const value = this.#last(number)
    return typeof value === 'bigint' ? value : 0n
  }

  double(number: number): number {
    return new Float64Array(BigUint64Array.of(this.number(number)).buffer)[0] ?? 0
  }

  #last(number: number): bigint | Uint8Array | undefined {
    return this.#values.get(number)?.at(-1)
  }
}

function bytesOf(value: bigint | Uint8Array | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes)
  const fields = new Fields()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (type === WireType.Varint) fields.add(number, BigInt(reader.uint64()))
    else if (type === WireType.Bit64) fields.add(number, BigInt(reader.fixed64()))
    else if (type === WireType.LengthDelimited) fields.add(number, reader.bytes())
    else reader.skip(type)
  }
  return fields
}
