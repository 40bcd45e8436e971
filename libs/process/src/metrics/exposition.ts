export type Labels = readonly (readonly [name: string, value: string])[]

/** One line of Prometheus's text format. */
export function samplesText(name: string, labels: Labels, value: number): string {
  if (labels.length === 0) return `${name} ${value}\n`
  const written = labels.map(([label, text]) => `${label}="${escapeLabel(text)}"`).join(',')
  return `${name}{${written}} ${value}\n`
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`))
}
