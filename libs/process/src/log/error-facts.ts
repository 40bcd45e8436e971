import { stdSerializers } from 'pino'

/** What libraries keep with an error and a line may show; the rest may be a command with a password, or a request. */
const shown = ['type', 'message', 'stack', 'code', 'errno', 'syscall', 'path', 'dest', 'address', 'port'] as const

/** Berth's own, the services', and the object store's: which answer it was. */
const shownOfAnswers = ['detail', 'details', '$metadata'] as const

/** An error as a line has it: what happened and where, and nothing else of what it was thrown with. */
export function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const all: Record<string, unknown> = { ...stdSerializers.err(error) }
  const facts: Record<string, unknown> = {}
  for (const name of [...shown, ...shownOfAnswers]) if (all[name] !== undefined) facts[name] = all[name]
  if (error instanceof AggregateError) facts['aggregateErrors'] = error.errors.map(errorFacts)
  return facts
}
