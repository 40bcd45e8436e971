import { readdir, readFile } from 'node:fs/promises'
import { orGone } from '../or-gone.ts'

/** What anybody on the machine sees of a process and its threads in a list of processes. */
export async function titlesOf(pid: number): Promise<string> {
  const threads = (await readdir(`/proc/${pid}/task`)).map((thread) => `/proc/${pid}/task/${thread}/comm`)
  const files = [`/proc/${pid}/cmdline`, `/proc/${pid}/comm`, ...threads]
  // A thread may have ended since it was listed.
  return (await Promise.all(files.map((file) => orGone(readFile(file, 'utf8'), '')))).join('\n')
}

/** All that the second listener of a process tells. */
export async function toldBy(debug: string): Promise<string> {
  const paths = ['/metrics', '/debug/health', '/readyz', '/livez']
  const texts = await Promise.all(paths.map(async (path) => (await fetch(`http://${debug}${path}`)).text()))
  return texts.join('\n')
}
