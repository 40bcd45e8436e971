import { loadConfig } from '@berth/configuration'
import { type HttpApiSettings, settingsOf } from './settings.ts'

/** For tests: the settings of a configuration that says nothing. */
export const testSettings: HttpApiSettings = settingsOf(
  loadConfig({ environment: { REGISTRY_STORAGE: 'inmemory' }, readFile: () => '' }).config,
)
