import { isatty } from 'node:tty'
import { DescriptorSink, type LineSink } from './line-sink.ts'

export interface LogStream extends LineSink {
  readonly isTerminal: boolean
  /** Calls `listener` when the stream takes lines again, with the number of lines that were dropped until then. */
  onDropped?(listener: (lines: number) => void): void
}

let sink: DescriptorSink | undefined

/** The standard output of this process. There is one sink: lines of two sinks could be mixed up. */
export function standardOutput(): LogStream {
  sink ??= openStandardOutput()
  const opened = sink
  return {
    isTerminal: isatty(1),
    write: (line) => opened.write(line),
    flush: () => opened.flush(),
    onDropped: (listener) => opened.onDropped(listener),
  }
}

/** The number of log lines that this process has dropped. */
export function droppedLogLines(): number {
  return sink?.droppedLines ?? 0
}

function openStandardOutput(): DescriptorSink {
  // Node makes a pipe non-blocking when its stream is first used. A blocking write to a full pipe would occupy one of
  // the few threads that also read and write the storage.
  void process.stdout
  return new DescriptorSink(1)
}
