import { randomUUID } from 'node:crypto'
import type { Objects, PutOptions } from './objects.ts'
import type { Condition } from './put-object.ts'
import { faultOf, StoreError } from '../requests/store-fault.ts'

/** How a store wants tags in a condition: as HTTP has them, or without their quotes. */
export type TagForm = 'quoted' | 'bare'

const content = Buffer.from('probe')

/**
 * Finds out whether a store heeds the conditions of writes: those that it does not know it may refuse, or do as if they
 * were not there.
 *
 * @param directory what the key of a probe begins with
 * @returns `undefined` where it does not
 * @throws StoreError the store cannot be written to, or nothing can be removed from it
 */
export async function probeConditions(
  objects: Objects,
  directory: string,
  options: PutOptions,
): Promise<TagForm | undefined> {
  const key = `${directory}probe.${randomUUID()}`
  // Without conditions, for what cannot be written at all is another matter.
  await objects.put(key, { chunks: [content], size: content.byteLength }, options)
  let form: TagForm | undefined
  try {
    form = await formOf(objects, key, options)
  } catch (error) {
    await objects.remove([{ key }]).catch(() => {})
    throw error
  }
  await objects.remove([{ key }])
  return form
}

async function formOf(objects: Objects, key: string, options: PutOptions): Promise<TagForm | undefined> {
  const holds = async (condition: Condition): Promise<string | undefined> => {
    try {
      return await objects.putIf(key, content, condition, options)
    } catch (error) {
      if (error instanceof StoreError && faultOf(error.cause) === 'refused' && isUnknown(error.cause)) return undefined
      throw error
    }
  }
  if ((await holds({ IfNoneMatch: '*' })) !== undefined) return undefined
  if ((await holds({ IfMatch: `"${'0'.repeat(32)}"` })) !== undefined) return undefined
  const tag = (await objects.find(key))?.tag ?? ''
  if ((await holds({ IfMatch: tag })) !== undefined) return 'quoted'
  return (await holds({ IfMatch: unquoted(tag) })) === undefined ? undefined : 'bare'
}

export function unquoted(tag: string): string {
  return tag.replaceAll('"', '')
}

/** Not implemented, or an argument that is not known. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && ['NotImplemented', 'InvalidArgument', 'InvalidRequest'].includes(error.name)
}
