import { writeFileSync } from 'node:fs'
import { generatedFiles } from './generated-files.ts'

// `npm run docs`: writes the generated parts of the documentation.
for (const { path, text } of await generatedFiles()) writeFileSync(new URL(`../../${path}`, import.meta.url), text)
