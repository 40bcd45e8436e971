import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { ByteStream } from '@berth/bytes'
import { errorIn } from '../requests/answer-error.ts'
import { markedBy, markHeader } from './found-object.ts'
import { type ObjectHeaders, wireHeaders } from './object-headers.ts'
import type { ObjectAnswer } from '../requests/object-answer.ts'
import { bodyOf, checksumOf, type Piece } from '../gathering/piece.ts'
import type { Attempt } from '../requests/store.ts'

/** Bytes that are hashed and sent as one message, which is kept until it is answered: more would hold up other requests. */
const mostAtOnce = 64 * 1024
/** Bytes of an answer, which is short where it is not empty. */
const mostAnswer = 64 * 1024

/** A condition of a put: that nothing is there, or that what is there has this tag. */
export type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string }

export interface ObjectPut {
  readonly key: string
  readonly piece: Piece
  readonly headers: ObjectHeaders
  /** Whether the store compares the content with a checksum. */
  readonly checksums: boolean
  /** See `FoundObject`. */
  readonly mark: string
  readonly condition?: Condition | undefined
  /** Called before the request is made again within the attempt: the store may have done it. */
  readonly onAgain?: (() => void) | undefined
}

/** One attempt. @returns the new object's tag */
export function putObject(bucket: string, attempt: Attempt, put: ObjectPut): Promise<string | undefined> {
  return put.piece.size <= mostAtOnce ? putAtOnce(attempt, put) : putByClient(bucket, attempt, put)
}

async function putAtOnce({ direct, options }: Attempt, put: ObjectPut): Promise<string> {
  const { key, piece, condition, onAgain } = put
  const headers = {
    ...wireHeaders(put.headers),
    [markHeader]: put.mark,
    ...(put.checksums && { 'x-amz-checksum-crc32': checksumOf(piece) }),
    ...(condition && ('IfMatch' in condition ? { 'if-match': condition.IfMatch } : { 'if-none-match': '*' })),
  }
  const request = { method: 'PUT', key, headers, content: piece.chunks, onAgain } as const
  return tagIn(await direct.ask(request, options.abortSignal))
}

/** One attempt at content of `size` bytes that is still to come. @param arriving see `DirectClient` */
export async function putArriving(
  { direct, options }: Attempt,
  { key, headers, size, arriving }: Pick<ObjectPut, 'key' | 'headers'> & { size: number; arriving: ByteStream },
): Promise<void> {
  const request = { method: 'PUT', key, headers: wireHeaders(headers), size, arriving } as const
  await tagIn(await direct.ask(request, options.abortSignal))
}

async function tagIn(answer: ObjectAnswer): Promise<string> {
  const text = (await answer.collect(mostAnswer)).toString('utf8')
  const tag = answer.header('etag')
  // A store may find out that it cannot after it has said that it can.
  if (tag === undefined || /<\/Error>\s*$/.test(text)) throw errorIn(text, 503)
  return tag
}

async function putByClient(
  bucket: string,
  { client, options }: Attempt,
  { key, piece, headers, checksums, mark, condition }: ObjectPut,
): Promise<string | undefined> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    ...bodyOf(piece),
    ...headers,
    Metadata: markedBy(mark),
    ...(checksums && { ChecksumCRC32: checksumOf(piece) }),
    ...condition,
  })
  return (await client.send(command, options)).ETag
}
