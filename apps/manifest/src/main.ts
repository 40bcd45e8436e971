import { runProcess } from '@berth/process'
import { compose } from './compose.ts'
import { manifestConfig } from './config.ts'

await runProcess({ name: 'manifest', uses: ['rpc', 'services'] }, (config, lifecycle, log, tracer) =>
  compose(manifestConfig(config), lifecycle, log, tracer),
)
