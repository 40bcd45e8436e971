import { describeSendingDriver, describeStorageDriver } from '@berth/storage/suite'
import { openOnServer } from './driver-under-test.ts'

describeStorageDriver('in a bucket', () => openOnServer())
describeSendingDriver('in a bucket', () => openOnServer())
