import { describeDirectoryKeepingDriver, describeSendingDriver, describeStorageDriver } from '@berth/storage/suite'
import { openInTemporaryDirectory } from './driver-under-test.ts'

const open = () => openInTemporaryDirectory()

describeStorageDriver('in files', open)
describeSendingDriver('in files', open)
describeDirectoryKeepingDriver('in files', open)

// As on a network file system.
const openStale = () => openInTemporaryDirectory({ mayBeStale: true })
describeStorageDriver('in files that may be stale', openStale)
