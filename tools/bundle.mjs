// Bundles an app for an image: one ESM file for the app, and one for each worker of any lib. `node tools/bundle.mjs <app>`
import { globSync, mkdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'

const app = `apps/${process.argv[2]}`
const workers = globSync('libs/*/src/**/*.worker.ts').map((file) => [basename(file, '.ts'), file])
// CommonJS packages ask for these; without them an ESM bundle dies at its first require.
const requireForEsm = [
  "import { createRequire as __createRequire } from 'node:module'",
  "import { fileURLToPath as __fileURLToPath } from 'node:url'",
  'const require = __createRequire(import.meta.url)',
  'const __filename = __fileURLToPath(import.meta.url)',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url))",
].join(';')

rmSync(`${app}/dist`, { recursive: true, force: true })
// Empty: an image gives it to the user it runs as, which a base without a shell cannot.
mkdirSync(`${app}/dist/data`, { recursive: true })
await build({
  entryPoints: { main: `${app}/src/main.ts`, ...Object.fromEntries(workers) },
  outdir: `${app}/dist`,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: 'linked',
  sourcesContent: false,
  keepNames: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: `${requireForEsm};` },
})
