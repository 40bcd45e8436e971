import { digestOf } from '@berth/digest'
import type { BuiltBlob } from '../manifest-builder.ts'

const content = Buffer.from('1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000', 'hex')

/** What schema1 has for a step that made no layer: an empty tar archive, gzipped, the same for everyone. */
export const emptyLayer: BuiltBlob = { digest: digestOf(content), content }
