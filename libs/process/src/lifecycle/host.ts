import { readFileSync } from 'node:fs'
import type { Environment } from '@berth/configuration'
import { standardOutput, type LogStream } from '../log/standard-output.ts'

/** The process as the one who runs it sees it: what it was started with, what it is told, and how it ends. */
export interface Host {
  readonly args: readonly string[]
  readonly environment: Environment
  /** Where its log goes. */
  readonly logStream: LogStream
  /** Names it in lists of processes. */
  setTitle(title: string): void
  readFile(path: string): string
  print(text: string): void
  printError(text: string): void
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): void
  /** An error that nothing caught. */
  onUncaught(listener: (error: unknown) => void): void
  /** A signal that is aborted after so many milliseconds. */
  timeout(ms: number): AbortSignal
  exit(code: number): void
}

/** This process. */
export function thisProcess(): Host {
  return {
    args: process.argv.slice(2),
    environment: process.env,
    logStream: standardOutput(),
    setTitle: (title) => {
      process.title = title
    },
    readFile: (path) => readFileSync(path, 'utf8'),
    print: (text) => process.stdout.write(text),
    printError: (text) => process.stderr.write(text),
    onSignal: (listener) => {
      process.on('SIGTERM', () => listener('SIGTERM'))
      process.on('SIGINT', () => listener('SIGINT'))
    },
    onUncaught: (listener) => {
      process.on('uncaughtException', listener)
      process.on('unhandledRejection', listener)
    },
    timeout: (ms) => AbortSignal.timeout(ms),
    exit: (code) => process.exit(code),
  }
}
