import { describeSendingDriver, describeStorageDriver } from '../suite/index.ts'
import { MemoryDriver } from './memory-driver.ts'

const open = async () => {
  const driver = new MemoryDriver()
  return { driver, close: () => driver.close() }
}

describeStorageDriver('in memory', open)
describeSendingDriver('in memory', open)
