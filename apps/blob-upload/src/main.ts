import { runProcess } from '@berth/process'
import { compose } from './compose.ts'
import { blobNodeConfig } from './config.ts'

await runProcess({ name: 'blob-upload', uses: ['rpc', 'services'] }, (config, lifecycle, log, tracer) =>
  compose(blobNodeConfig(config), lifecycle, log, tracer),
)
