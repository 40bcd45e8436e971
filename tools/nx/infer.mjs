// Gives every workspace package the same Nx targets, so that no package.json repeats them.
import { dirname } from 'node:path'

const run = (command) => ({ executor: 'nx:run-commands', options: { command, cwd: '{workspaceRoot}' } })

export default {
  name: 'berth-infer',
  createNodes: [
    '{apps,libs}/*/package.json',
    (files) =>
      files.map((file) => {
        const root = dirname(file)
        const isApp = root.startsWith('apps/')
        const targets = {
          lint: run(`oxlint --deny-warnings ${root}`),
          typecheck: run(`tsc -p ${root}`),
          test: run('vitest run --project {projectName} --passWithNoTests'),
          ...(isApp && { build: run(`node tools/bundle.mjs ${root.slice('apps/'.length)}`) }),
        }
        return [file, { projects: { [root]: { root, projectType: isApp ? 'application' : 'library', targets } } }]
      }),
  ],
}
