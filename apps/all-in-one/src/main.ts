import { runProcess } from '@berth/process'
import { explainAccess } from './commands/explain-access.ts'
import { rotateKeys } from './commands/rotate-keys.ts'
import { compose } from './compose.ts'

await runProcess({ name: 'berth', uses: ['notifications'], commands: [explainAccess, rotateKeys] }, compose)
