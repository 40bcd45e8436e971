import { messageOf, type ErrorCode, type ErrorDetail } from './catalogue.ts'

/** A fault that the client is told about. Several at once are one `AggregateError` of these. */
export class RegistryError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'RegistryError'
  readonly code: C
  readonly detail: ErrorDetail[C]

  constructor(code: C, detail: ErrorDetail[C], options?: ErrorOptions) {
    super(messageOf(code, detail), options)
    this.code = code
    this.detail = detail
  }
}

/** The client's faults that `error` stands for, in order: one, several, or none where it is a bug or an outage. */
export function registryErrors(error: unknown): readonly RegistryError[] {
  if (error instanceof RegistryError) return [error]
  if (!(error instanceof AggregateError) || error.errors.length === 0) return []
  return error.errors.every((each) => each instanceof RegistryError) ? error.errors : []
}
