// Bundles an app for an image: one ESM file for the app, one for each worker of any lib, and the licences of all that is
// in them. `node tools/bundle.mjs <app>`
import { copyFileSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'
import { revision } from '../libs/process/src/version.ts'
import { thirdPartyNotices } from './third-party-notices.ts'

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
const { metafile } = await build({
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
  // third-party-notices.ts keeps the licences.
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  define: { BUNDLED_REVISION: JSON.stringify(revision ?? '') },
  banner: { js: `${requireForEsm};` },
})
copyFileSync('LICENSE', `${app}/dist/LICENSE`)
writeFileSync(`${app}/dist/THIRD-PARTY-NOTICES.txt`, thirdPartyNotices(metafile))
