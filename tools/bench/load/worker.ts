// The load process: it does the jobs that it is sent, one at a time, and ends when the bench does.
import type { Answer, Job, Measurement } from './job.ts'
import { measureLargePushes } from './large-pushes.ts'
import { measureManifestPushes } from './manifest-pushes.ts'
import { measureRequests } from './requests.ts'
import { measureSmallPushes } from './small-pushes.ts'

process.on('message', (job: Job) => {
  void run(job).then(
    (measurement) => answer({ measurement }),
    (error: unknown) => answer({ failure: error instanceof Error ? error.message : String(error) }),
  )
})
process.once('disconnect', () => process.exit())

function answer(message: Answer): void {
  process.send?.(message)
}

function run(job: Job): Promise<Measurement> {
  const { load } = job
  switch (load.kind) {
    case 'requests':
      return measureRequests(job, load)
    case 'small pushes':
      return measureSmallPushes(job, load)
    case 'manifest pushes':
      return measureManifestPushes(job, load)
    case 'large pushes':
      return measureLargePushes(job, load)
  }
}
