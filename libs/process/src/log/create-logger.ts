import type { Logger } from '@berth/errors'
import { pino, type LoggerOptions } from 'pino'
import type { LogConfig } from '@berth/configuration'
import { errorFacts } from './error-facts.ts'
import { type LogStream, standardOutput } from './standard-output.ts'
import { formatTextLine } from './text-line.ts'

/** The logger of a process: the rooms' `Logger`, and the methods that only the process needs. */
export interface ProcessLogger extends Logger {
  /** For the last line of a process. */
  fatal(fields: object, message: string): void
  isLevelEnabled(level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): boolean
  /** A logger that adds `fields` to each line. */
  child(fields: Readonly<Record<string, unknown>>): ProcessLogger
}

/**
 * A logger that writes whole lines to a stream. `flush` the stream before the process exits.
 *
 * @param config without a formatter: readable on a terminal, JSON elsewhere
 */
export function createLogger(config: LogConfig, stream: LogStream = standardOutput()): ProcessLogger {
  const formatter = config.formatter ?? (stream.isTerminal ? 'text' : 'json')
  const write =
    formatter === 'text'
      ? (line: string) => stream.write(formatTextLine(line, stream.isTerminal))
      : (line: string) => stream.write(line)
  const logger = pino(optionsFor(formatter, config), { write })
  stream.onDropped?.((lines) => logger.warn({ lines }, 'log lines dropped because standard output was not read'))
  return logger
}

function optionsFor(formatter: 'text' | 'json' | 'logstash', { level, fields }: LogConfig): LoggerOptions {
  const options: LoggerOptions = {
    level,
    base: { ...fields },
    timestamp: timestamps('time'),
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorFacts, error: errorFacts },
  }
  if (formatter !== 'logstash') return options
  return {
    ...options,
    base: { '@version': '1', ...fields },
    messageKey: 'message',
    timestamp: timestamps('@timestamp'),
  }
}

/** Writes the time as a field. Lines of the same millisecond share its text, which costs more than the rest of a line. */
function timestamps(field: string): () => string {
  let last = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== last) {
      last = now
      text = `,"${field}":"${new Date(now).toISOString()}"`
    }
    return text
  }
}
