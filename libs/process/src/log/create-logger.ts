import { isatty } from 'node:tty'
import type { Logger } from '@berth/errors'
import { pino, type LoggerOptions } from 'pino'
import type { LogConfig } from '../config/config.ts'
import { errorFacts } from './error-facts.ts'
import { createLineSink, type LineSink } from './line-sink.ts'
import { formatTextLine } from './text-line.ts'

/** A process's logger: all that rooms ask of one, and what only the process needs. */
export interface ProcessLogger extends Logger {
  /** For the last line of a process. */
  fatal(fields: object, message: string): void
  isLevelEnabled(level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): boolean
  /** A logger that adds `fields` to each line. */
  child(fields: Readonly<Record<string, unknown>>): ProcessLogger
  /** Writes now what is held back. */
  flush(): void
}

export interface LogStream extends LineSink {
  readonly isTerminal: boolean
}

/**
 * A logger of whole lines, to standard output where no other stream is given.
 *
 * @param config without a formatter: readable on a terminal, JSON elsewhere
 */
export function createLogger(config: LogConfig, stream: LogStream = standardOutput()): ProcessLogger {
  const formatter = config.formatter ?? (stream.isTerminal ? 'text' : 'json')
  const destination = formatter === 'text' ? readable(stream) : stream
  return pino(optionsFor(formatter, config), destination)
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

function readable(stream: LogStream): LineSink {
  return {
    write: (line) => stream.write(formatTextLine(line, stream.isTerminal)),
    flush: () => stream.flush(),
  }
}

let shared: LogStream | undefined

/** Of this process. There is only one: two would write into each other's lines. */
export function standardOutput(): LogStream {
  if (shared !== undefined) return shared
  const sink = createLineSink(1)
  // Whatever ends the process, the lines that led there are written.
  process.once('exit', () => sink.flush())
  shared = { isTerminal: isatty(1), write: (line) => sink.write(line), flush: () => sink.flush() }
  return shared
}
