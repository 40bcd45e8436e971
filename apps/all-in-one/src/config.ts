import type { HttpApiSettings } from '@berth/http-api'
import type { ManifestPolicy } from '@berth/manifests'
import type { Config } from '@berth/process'
import type { KeyRingOptions } from '@berth/uploads'

/** What the HTTP API takes of the configuration. */
export function apiSettings({ http, storage, uploads, catalog, tags, log }: Config): Partial<HttpApiSettings> {
  return {
    prefix: http.prefix,
    host: http.host,
    relativeUrls: http.relativeUrls,
    headers: http.headers,
    trustedProxies: http.trustedProxies,
    isReadOnly: storage.readOnly,
    deletesAllowed: storage.delete.enabled,
    // Nothing restricts reading while there is no access control.
    mountsWithoutFrom: true,
    chunkMinLength: uploads.chunkMinLength,
    catalogMaxEntries: catalog.maxEntries,
    tagsMaxTags: tags.maxTags,
    logsSuccesses: log.accessLog,
    stallTimeoutMs: http.stallTimeoutMs,
    keepAliveTimeoutMs: http.keepAliveMs,
  }
}

/** What a manifest may name. */
export function manifestPolicy({ validation, policy }: Config): ManifestPolicy {
  const { enabled, references, urls, indexes } = validation
  const children = { all: 'all', none: 'none', list: indexes.platformList } as const
  return {
    references: enabled ? references : 'none',
    // An empty list checks all, as in Distribution.
    indexes: indexes.platforms === 'list' && indexes.platformList.length === 0 ? 'all' : children[indexes.platforms],
    urls,
    classes: policy.repositoryClasses,
  }
}

/** The keys of upload tokens: `uploads.keys`, else `http.secret`, else the one that is kept beside the data. */
export function keyRingOptions({ uploadKeys, http }: Config['secrets'], generated: Uint8Array): KeyRingOptions {
  const signing = uploadKeys.find(({ use }) => use === 'sign')
  return {
    signing: signing?.secret.reveal() ?? http?.reveal() ?? generated,
    verifying: uploadKeys.filter((key) => key !== signing).map(({ secret }) => secret.reveal()),
  }
}
