import { stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { HealthConfig } from '@berth/configuration'
import { withoutCredentials } from '@berth/configuration'
import type { Check } from './health-checks.ts'

/** The storage of a process, for its check. */
export interface CheckedStorage {
  /** `filesystem`, `inmemory`, … */
  readonly driver: string
  /** Resolves when the storage answers at all, even if there is nothing in it yet. */
  readonly probe: (signal: AbortSignal) => Promise<void>
}

/** The checks that are configured, under Distribution's names; that of the storage where the process has one. */
export function configuredChecks(config: HealthConfig, storage: CheckedStorage | undefined): readonly Check[] {
  const { storageDriver, files, http, tcp } = config
  const checks: Check[] = []
  if (storageDriver.enabled && storage !== undefined) {
    checks.push({ ...storageDriver, name: `storagedriver_${storage.driver}`, check: storage.probe })
  }
  for (const each of files) checks.push({ ...each, name: each.file, check: () => fileIsAbsent(each.file) })
  for (const each of http)
    checks.push({ ...each, name: withoutCredentials(each.uri), check: (signal) => answers(each, signal) })
  for (const each of tcp) {
    checks.push({ ...each, name: `${each.host}:${each.port}`, check: (signal) => accepts(each, signal) })
  }
  return checks
}

/** An operator takes a process out of service by making the file. */
async function fileIsAbsent(file: string): Promise<void> {
  try {
    await stat(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  throw new Error('file exists')
}

function answers(
  { uri, headers, statusCode, timeoutMs }: HealthConfig['http'][number],
  signal: AbortSignal,
): Promise<void> {
  const send = uri.startsWith('https:') ? httpsRequest : httpRequest
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  return new Promise((resolve, reject) => {
    const request = send(uri, { method: 'HEAD', headers: copyOf(headers), agent: false, signal: limit })
    request.once('error', (error) => reject(limit.aborted ? timedOut(timeoutMs) : error))
    request.once('response', (response) => {
      response.resume()
      const { statusCode: answered } = response
      if (answered === statusCode) resolve()
      else reject(new Error(`downstream service returned unexpected status: ${answered}`))
    })
    request.end()
  })
}

function accepts({ host, port, timeoutMs }: HealthConfig['tcp'][number], signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: limit })
    socket.once('error', (error) => reject(limit.aborted ? timedOut(timeoutMs) : error))
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

function timedOut(timeoutMs: number): Error {
  return new Error(`no answer within ${timeoutMs} ms`)
}

function copyOf(headers: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]))
}
