import type { Job, Load, Measurement } from './job.ts'
import { measureRepeated } from './measure.ts'
import { expectStatus, requestHead } from './request.ts'

/** GETs or HEADs the paths in turn, whose requests are all made before the first is sent. */
export function measureRequests(job: Job, load: Extract<Load, { kind: 'requests' }>): Promise<Measurement> {
  const { authorization } = job.target
  const headers = authorization === undefined ? {} : { Authorization: authorization }
  const requests = load.paths.map((path) => requestHead(load.method, path, headers))
  const bodiless = load.method === 'HEAD'
  let next = 0
  return measureRepeated(job, load.connections, async (connection) => {
    const request = requests[next++ % requests.length]
    if (request === undefined) throw new Error('no paths to ask for')
    const response = await connection.exchange(request, bodiless)
    return expectStatus(response, 200).bodyBytes
  })
}
