import { runProcess } from '@berth/process'
import { compose } from './compose.ts'

await runProcess({ name: 'berth' }, async (config, lifecycle, log) => {
  await compose(config, lifecycle, log)
})
