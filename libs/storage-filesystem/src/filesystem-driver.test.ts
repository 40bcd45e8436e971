import { describeDirectoryKeepingDriver, describeSendingDriver, describeStorageDriver } from '@berth/storage/suite'
import { openInTemporaryDirectory } from './driver-under-test.ts'

const open = () => openInTemporaryDirectory()

describeStorageDriver('in files', open)
describeSendingDriver('in files', open)
describeDirectoryKeepingDriver('in files', open)
