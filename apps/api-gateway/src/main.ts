import { runProcess } from '@berth/process'
import { compose } from './compose.ts'
import { gatewayConfig } from './config.ts'

await runProcess({ name: 'api-gateway', uses: ['rpc', 'services'] }, (config, lifecycle, log, tracer) =>
  compose(gatewayConfig(config), lifecycle, log, tracer),
)
