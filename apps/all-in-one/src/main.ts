import { runProcess } from '@berth/process'
import { compose } from './compose.ts'

await runProcess('berth', async (config, lifecycle, log) => {
  await compose(config, lifecycle, log)
})
