import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { Store } from './store.ts'
import { StoreError } from './store-fault.ts'

/** So often in a row a connection may be cut without a byte having come. */
const maxFruitless = 5

export interface OpenObject {
  /** Of the whole object, bytes. */
  readonly size: number
  readonly tag: string
  /** Of its bytes, those that were asked for and are there. */
  readonly range: ByteRange
  /** Read at the reader's pace; continued where the store cuts it off, as long as the object is the same. */
  readonly content: ByteStream
}

interface Answer {
  readonly body: AsyncIterable<Uint8Array>
  readonly size: number
  readonly start: number
  readonly length: number
  readonly tag: string
}

/**
 * @param range not empty; what lies behind the object's end is left out
 * @throws StoreError that says 404: nothing is there; 416: all of the range lies behind the end
 */
export async function openObject(
  store: Store,
  key: string,
  range: ByteRange | undefined,
  signal?: AbortSignal,
): Promise<OpenObject> {
  const answer = await ask(store, key, range, undefined, signal)
  const { start, length, size, tag } = answer
  return { size, tag, range: { start, end: start + length }, content: contentOf(store, key, answer, signal) }
}

/** A range of an object, which it must have. @throws StoreError */
export async function readRange(store: Store, key: string, range: ByteRange): Promise<readonly Uint8Array[]> {
  if (range.start === range.end) return []
  const opened = await openObject(store, key, range)
  const chunks: Uint8Array[] = []
  for await (const chunk of opened.content) chunks.push(chunk)
  if (opened.range.end !== range.end) throw new StoreError('GetObject', new Error(`${key} is shorter than it was`))
  return chunks
}

async function* contentOf(store: Store, key: string, first: Answer, signal: AbortSignal | undefined): ByteStream {
  let { body } = first
  let position = first.start
  const end = first.start + first.length
  for (let fruitless = 0; position < end;) {
    try {
      for await (const chunk of body) {
        if (chunk.byteLength === 0) continue
        position += chunk.byteLength
        fruitless = 0
        store.observer.transferred('GetObject', chunk.byteLength)
        yield chunk
      }
      if (position < end) throw new Error('the content was cut short')
    } catch (error) {
      signal?.throwIfAborted()
      // All came, and is not what its checksum says.
      if (position >= end || fruitless >= maxFruitless) throw new StoreError('GetObject', error)
      store.observer.retried('GetObject')
      await store.pause(store.pauseMs(fruitless), signal)
      fruitless += 1
      body = (await ask(store, key, { start: position, end }, first.tag, signal)).body
    }
  }
}

async function ask(
  store: Store,
  key: string,
  range: ByteRange | undefined,
  tag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const output = await store.send(
    'GetObject',
    ({ client, options }) =>
      client.send(
        new GetObjectCommand({
          Bucket: store.bucket,
          Key: key,
          ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
          ...(tag !== undefined && { IfMatch: tag }),
        }),
        options,
      ),
    signal,
  )
  const { Body, ContentLength, ContentRange, ETag } = output
  const length = ContentLength ?? 0
  const [, start = '0', size = String(length)] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '') ?? []
  return {
    body: Body as AsyncIterable<Uint8Array>,
    size: Number(size),
    start: Number(start),
    length,
    tag: ETag ?? '',
  }
}
