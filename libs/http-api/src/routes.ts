import { getBase } from './base/get-base.ts'
import { deleteBlob } from './blobs/delete-blob.ts'
import { getBlob } from './blobs/get-blob.ts'
import { listRepositories } from './catalog/list-repositories.ts'
import type { Handler } from './exchange/exchange.ts'
import { deleteManifest } from './manifests/delete-manifest.ts'
import { getManifest } from './manifests/get-manifest.ts'
import { putManifest } from './manifests/put-manifest.ts'
import { listReferrers } from './referrers/list-referrers.ts'
import type { ApiParts, RegistryServices } from './services.ts'
import { listTags } from './tags/list-tags.ts'
import { getTokenKeys } from './token/get-token-keys.ts'
import { getToken } from './token/get-token.ts'
import { postToken } from './token/post-token.ts'
import { deleteUpload } from './uploads/delete-upload.ts'
import { getUpload } from './uploads/get-upload.ts'
import { patchUpload } from './uploads/patch-upload.ts'
import { putUpload } from './uploads/put-upload.ts'
import { startUpload } from './uploads/start-upload.ts'

/** As Distribution's metrics name them. */
export type RouteName =
  | 'base'
  | 'catalog'
  | 'tags'
  | 'manifest'
  | 'blob'
  | 'blob_upload'
  | 'blob_upload_chunk'
  | 'referrers'
  | 'token'
  | 'token_keys'

/** Makes an operation of the parts it needs. */
type Operation = (parts: ApiParts) => Handler

export interface Route {
  readonly name: RouteName
  /** Below `/v2/`, as a regular expression; its groups are `name` and `parameter`. */
  readonly path: string
  /** It is not below `/v2/`, but beside it. */
  readonly isBeside?: true
  /** It is served where all of these are there. */
  readonly services: readonly (keyof RegistryServices)[]
  /** Whether it can be relayed to where its services are. */
  readonly isRelayable?: true
  /** By method; `ANY` stands for all. */
  readonly operations: Readonly<Partial<Record<Method, Operation>>>
}

export type Method = 'ANY' | 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

// Names are matched greedily and by any characters: they may contain the words that the paths are made of, and one that
// is no name is told so. The order is that of how often a path is asked for: no two of them match the same.
const name = '(?<name>.+)'
const parameter = '(?<parameter>[^/]+)'

/** The whole API. */
export const routes: readonly Route[] = [
  {
    name: 'manifest',
    path: `${name}/manifests/${parameter}`,
    services: ['manifests', 'tags'],
    operations: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  {
    name: 'blob',
    path: `${name}/blobs/(?<parameter>(?!uploads$)[^/]+)`,
    services: ['blobs'],
    isRelayable: true,
    operations: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  },
  {
    name: 'blob_upload_chunk',
    path: `${name}/blobs/uploads/${parameter}`,
    services: ['uploads', 'blobs'],
    isRelayable: true,
    operations: { GET: getUpload, HEAD: getUpload, PATCH: patchUpload, PUT: putUpload, DELETE: deleteUpload },
  },
  {
    name: 'blob_upload',
    path: `${name}/blobs/uploads/`,
    services: ['uploads', 'blobs'],
    isRelayable: true,
    operations: { POST: startUpload },
  },
  {
    name: 'base',
    path: '',
    services: [],
    operations: { ANY: getBase },
  },
  {
    name: 'referrers',
    path: `${name}/referrers/${parameter}`,
    services: ['referrers'],
    operations: { GET: listReferrers },
  },
  {
    name: 'tags',
    path: `${name}/tags/list`,
    services: ['tags'],
    operations: { GET: listTags },
  },
  {
    name: 'catalog',
    path: '_catalog',
    services: ['catalog'],
    operations: { GET: listRepositories },
  },
  {
    name: 'token',
    path: 'token',
    isBeside: true,
    services: ['tokens'],
    operations: { GET: getToken, POST: postToken },
  },
  {
    name: 'token_keys',
    path: 'token/keys',
    isBeside: true,
    services: ['tokens'],
    operations: { GET: getTokenKeys },
  },
]
