import type { Logger } from '@berth/errors'
import type { Environment } from '@berth/configuration'
import type { Closable } from '../lifecycle/lifecycle.ts'
import type { Tracer } from './tracer.ts'
import { tracingSettings } from './tracing-settings.ts'

export interface Tracing extends Closable {
  readonly tracer: Tracer
}

/**
 * Begins to send traces where the environment asks for it. Only then is any of OpenTelemetry loaded.
 *
 * @param name the service's, where the environment gives it none
 * @throws ConfigError a variable cannot be used
 */
export async function openTracing(environment: Environment, name: string, log: Logger): Promise<Tracing | undefined> {
  const settings = tracingSettings(environment, name)
  if (settings === undefined) return undefined
  const { ExportedTraces } = await import('./exported-traces.ts')
  return new ExportedTraces(settings, log)
}
