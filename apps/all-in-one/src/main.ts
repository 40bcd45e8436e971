import { runProcess } from '@berth/process'
import { compose } from './compose.ts'

await runProcess({ name: 'berth' }, compose)
