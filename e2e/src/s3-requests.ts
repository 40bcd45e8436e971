import { createHash, createHmac } from 'node:crypto'
import type { S3Access } from './s3-server.ts'

const region = 'default'

/** A signed request. @see AWS Signature Version 4 */
export async function requestS3(
  { endpoint, accessKey, secretKey }: S3Access,
  method: string,
  path: string,
  query: Readonly<Record<string, string>> = {},
  body?: Uint8Array<ArrayBuffer>,
): Promise<Response> {
  const url = new URL(path, endpoint)
  for (const [name, value] of Object.entries(query).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    url.searchParams.set(name, value)
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  const bodySha256 = createHash('sha256')
    .update(body ?? '')
    .digest('hex')
  const names = 'host;x-amz-content-sha256;x-amz-date'
  const fields = `host:${url.host}\nx-amz-content-sha256:${bodySha256}\nx-amz-date:${time}\n`
  const search = url.search.slice(1).replaceAll('+', '%20')
  const asked = [method, url.pathname, search, fields, names, bodySha256].join('\n')
  const hashed = createHash('sha256').update(asked).digest('hex')
  const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const key = [time.slice(0, 8), region, 's3', 'aws4_request'].reduce<string | Buffer>(mac, `AWS4${secretKey}`)
  const signature = mac(key as Buffer, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashed}`).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  const headers = { authorization, 'x-amz-content-sha256': bodySha256, 'x-amz-date': time }
  return fetch(url, { method, headers, ...(body !== undefined && { body }) })
}

export interface StoredObject {
  readonly key: string
  readonly tag: string
}

/** All objects of a bucket whose keys begin with `prefix`. */
export async function objectsIn(access: S3Access, bucket: string, prefix: string): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = []
  let after: string | undefined
  do {
    const query = { 'list-type': '2', prefix, ...(after !== undefined && { 'start-after': after }) }
    const response = await requestS3(access, 'GET', `/${bucket}`, query)
    const xml = await response.text()
    if (!response.ok) throw new Error(`the store does not list ${bucket}: ${response.status} ${xml}`)
    for (const [, key = '', tag = ''] of xml.matchAll(/<Key>([^<]*)<\/Key>.*?<ETag>([^<]*)<\/ETag>/g))
      found.push({ key, tag })
    after = xml.includes('<IsTruncated>true</IsTruncated>') ? found.at(-1)?.key : undefined
  } while (after !== undefined)
  return found
}
