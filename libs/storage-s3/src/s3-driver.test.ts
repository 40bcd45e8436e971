import { describeStorageDriver } from '@berth/storage/suite'
import { vi } from 'vitest'
import { openOnServer } from './driver-under-test.ts'

// The server answers slower than a memory does.
vi.setConfig({ testTimeout: 60_000 })

describeStorageDriver('in a bucket', () => openOnServer())
