import { randomBytes } from 'node:crypto'
import type { DirectClient } from '../requests/direct-client.ts'

/** Under this name an object has the random mark of the request that made it. */
const markName = 'berth-mark'
export const markHeader = `x-amz-meta-${markName}`

/** What an object is, without its content. */
export interface FoundObject {
  readonly size: number
  readonly modifiedAtMs: number
  /** Follows from the content. */
  readonly tag: string
  /** Of the request that made it, whatever its content; Distribution's objects have none. */
  readonly mark: string | undefined
}

/** What distinguishes an object from a later one of the same key. A list of objects gives no marks. */
export type ObjectVersion = Pick<FoundObject, 'modifiedAtMs' | 'tag'> & Partial<FoundObject>

/** One attempt. @throws Error as the direct client's */
export async function findObject(direct: DirectClient, key: string, signal?: AbortSignal): Promise<FoundObject> {
  const answer = await direct.ask({ method: 'HEAD', key }, signal)
  await answer.collect(0)
  return {
    size: answer.contentLength ?? 0,
    modifiedAtMs: Date.parse(answer.header('last-modified') ?? '') || 0,
    tag: answer.header('etag') ?? '',
    mark: answer.header(markHeader),
  }
}

/** Whether what is there is what was seen. Without marks, what was written twice within a second looks the same. */
export function isSame(seen: ObjectVersion, now: FoundObject): boolean {
  if (seen.mark !== undefined) return seen.mark === now.mark
  const isSameSecond = Math.floor(seen.modifiedAtMs / 1000) === Math.floor(now.modifiedAtMs / 1000)
  return isSameSecond && seen.tag.replaceAll('"', '') === now.tag.replaceAll('"', '')
}

export function newMark(): string {
  return randomBytes(12).toString('hex')
}

/** A mark among what is written about an object. */
export function markedBy(mark: string): Record<string, string> {
  return { [markName]: mark }
}
