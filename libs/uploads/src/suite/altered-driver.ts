import type { StorageDriver } from '@berth/storage'

/** A driver, some of whose methods are others. */
export function alteredDriver(driver: StorageDriver, methods: Partial<StorageDriver>): StorageDriver {
  return new Proxy(driver, {
    get(target, name) {
      const method: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

/** A driver that tells of every call before it is made: its name and its path. */
export function watchedDriver(driver: StorageDriver, onCall: (method: string, args: readonly unknown[]) => void) {
  return new Proxy(driver, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: readonly unknown[]): unknown => {
        onCall(String(name), args)
        return method.apply(target, args)
      }
    },
  })
}
