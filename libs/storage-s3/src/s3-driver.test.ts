import { describeStorageDriver } from '@berth/storage/suite'
import { openOnServer } from './driver-under-test.ts'

describeStorageDriver('in a bucket', () => openOnServer())
