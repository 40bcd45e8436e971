import { translateStorageError } from '@berth/storage'

/** Runs `task`, and throws what its failures mean to the client where storage is why. */
export async function translating<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw translateStorageError(error)
  }
}
