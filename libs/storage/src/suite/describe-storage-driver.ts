import { describe } from 'vitest'
import type { DirectoryKeepingDriver, SendingDriver } from '../contract/abilities.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import { describeConditionalWrites } from './conditional-writes.ts'
import { describeDeletion } from './deletion.ts'
import { describeListing } from './listing.ts'
import { describeModel } from './model.ts'
import { describeParts } from './parts.ts'
import { describePaths } from './paths.ts'
import { describeReading } from './reading.ts'
import { describeDirectories, describeSending } from './abilities.ts'
import type { OpenDriver } from './subject.ts'
import { describeWholeWrites } from './whole-writes.ts'

/** What every driver must do. */
export function describeStorageDriver(name: string, open: OpenDriver): void {
  describe(`storage driver ${name}`, () => {
    describePaths(open)
    describeWholeWrites(open)
    describeReading(open)
    describeListing(open)
    describeDeletion(open)
    describeConditionalWrites(open)
    describeParts(open)
    describeModel(open)
  })
}

/** What a driver must do that can move bytes to a socket. */
export function describeSendingDriver(name: string, open: OpenDriver<StorageDriver & SendingDriver>): void {
  describe(`sending driver ${name}`, () => {
    describeSending(open)
  })
}

/** What a driver must do that keeps empty directories. */
export function describeDirectoryKeepingDriver(
  name: string,
  open: OpenDriver<StorageDriver & DirectoryKeepingDriver>,
): void {
  describe(`directory keeping driver ${name}`, () => {
    describeDirectories(open)
  })
}
