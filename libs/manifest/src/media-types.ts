/** The media types that Berth knows by name. Any other is content like any other: kept, counted, never looked into. */
export const mediaTypes = {
  schema1: 'application/vnd.docker.distribution.manifest.v1+json',
  schema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  /** Of what a schema1 manifest lists, which does not say itself. */
  schema1Layer: 'application/vnd.docker.container.image.rootfs.diff+x-gtar',
  schema2: 'application/vnd.docker.distribution.manifest.v2+json',
  manifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  /** Of image-spec 1.1's release candidates; withdrawn, but pushed by the tools of its time. */
  ociArtifact: 'application/vnd.oci.artifact.manifest.v1+json',

  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerPluginConfig: 'application/vnd.docker.plugin.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  /** Of the content `{}`, in place of a config or layer that an artifact does not have. */
  ociEmpty: 'application/vnd.oci.empty.v1+json',

  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociNondistributableLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ociNondistributableLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ociNondistributableLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
} as const

const schema1Types: ReadonlySet<string> = new Set([mediaTypes.schema1, mediaTypes.schema1Signed])
const manifestTypes: ReadonlySet<string> = new Set([
  ...schema1Types,
  mediaTypes.schema2,
  mediaTypes.manifestList,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.ociArtifact,
])

/** Whether it is schema1's, signed or not: clients have called signed ones by either. */
export function isSchema1MediaType(text: string): boolean {
  return schema1Types.has(text)
}

/** Whether content of this type is kept among the manifests of a repository, and not among its blobs. */
export function isManifestMediaType(text: string): boolean {
  return manifestTypes.has(text)
}

/** Whether OCI, and not Docker, says what content of this type is. */
export function isOciMediaType(text: string): boolean {
  return text.startsWith('application/vnd.oci.')
}
