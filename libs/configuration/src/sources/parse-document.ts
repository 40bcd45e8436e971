import { Findings } from '../problems.ts'
import { toPlain } from './tree.ts'
import { parseYaml } from './yaml-source.ts'

/** Reads YAML of any kind as plain data. @throws Error with all that is wrong with it, and where */
export function parseDocument(text: string): unknown {
  const findings = new Findings()
  const tree = parseYaml(text, findings)
  if (tree !== undefined && findings.problems.length === 0) return toPlain(tree)
  throw new Error(findings.problems.map(({ message, origin }) => `${message} (${origin})`).join('; '))
}
