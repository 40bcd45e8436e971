import type { ByteStream } from '@berth/bytes'
import type { StorageDriver } from '@berth/storage'

/** Holds whoever comes to a certain step, until it is released. */
export class Stall {
  readonly #at: number
  readonly #reached = Promise.withResolvers<void>()
  readonly #released = Promise.withResolvers<void>()
  #steps = 0

  constructor(at: number) {
    this.#at = at
  }

  /** Resolves once somebody is held. */
  get reached(): Promise<void> {
    return this.#reached.promise
  }

  release(): void {
    this.#released.resolve()
  }

  async step(): Promise<void> {
    if (this.#steps++ !== this.#at) return
    this.#reached.resolve()
    await this.#released.promise
  }
}

/** A driver with steps before and after every call, and after every chunk that goes in or out. */
export function stallingDriver(driver: StorageDriver, stall: Stall): StorageDriver {
  return new Proxy(driver, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: readonly unknown[]) => {
        const call = (): unknown =>
          method.apply(
            target,
            args.map((each) => (isStream(each) ? stepping(() => each, stall) : each)),
          )
        return name === 'list' || name === 'readParts' ? stepping(call, stall) : stepped(call, stall)
      }
    },
  })
}

async function stepped(call: () => unknown, stall: Stall): Promise<unknown> {
  await stall.step()
  const result = await call()
  await stall.step()
  return result
}

async function* stepping(open: () => unknown, stall: Stall): AsyncGenerator<unknown, void, undefined> {
  await stall.step()
  for await (const each of open() as AsyncIterable<unknown>) {
    yield each
    await stall.step()
  }
}

function isStream(value: unknown): value is ByteStream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
