import { type JsonSchema, keysOf, type Leaf, type Node, type Section } from '../schema/node.ts'
import { registry } from '../schema/registry.ts'
import { supportOf } from './describe-config.ts'

/**
 * JSON Schema (draft 2020-12) of a configuration file, for editors. It accepts each file that Berth reads, and refuses
 * unknown keys. A key that the environment may give instead is not required.
 */
export function configSchema(): JsonSchema {
  const { description, ...schema } = schemaOf(registry)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Berth',
    description,
    ...schema,
    // The version is the only key that the environment cannot give.
    required: ['version'],
  }
}

function schemaOf(node: Node): JsonSchema {
  return { ...textsOf(node), ...constraintsOf(node) }
}

function textsOf(node: Node): JsonSchema {
  const support = supportOf(node)
  const required = node.kind === 'leaf' && node.required ? ' Required.' : ''
  const note = node.kind === 'leaf' && node.defaultNote !== undefined ? ` Default: ${node.defaultNote}.` : ''
  const unsupported = support === 'supported' ? '' : ` Not supported: ${support}.`
  const about = node.about.charAt(0).toUpperCase() + node.about.slice(1)
  return {
    description: `${about}.${required}${note}${unsupported}`,
    ...(support !== 'supported' && { deprecated: true }),
  }
}

function constraintsOf(node: Node): JsonSchema {
  switch (node.kind) {
    case 'leaf':
      return leafSchema(node)
    case 'anything':
      return {}
    case 'section':
      return sectionSchema(node)
    case 'optional':
      return constraintsOf(node.section)
    case 'list':
      return orEmpty({ type: 'array', items: itemSchema(node.item) })
    case 'dictionary':
      return orEmpty({ type: 'object', additionalProperties: schemaOf(node.value) })
  }
}

function sectionSchema(node: Section): JsonSchema {
  const keys = keysOf(node)
  const properties = Object.fromEntries(keys.map(([key, , child]) => [key, schemaOf(child)]))
  const schema = { properties, additionalProperties: false }
  if (!node.mayBeWord) return orEmpty({ type: 'object', ...schema })
  return orEmpty({ type: ['object', 'string'], pattern: `^(?:${keys.map(([key]) => key).join('|')})$`, ...schema })
}

/** Single values in a list must not be empty. */
function itemSchema(node: Node): JsonSchema {
  return node.kind === 'leaf' ? { ...textsOf(node), ...node.json } : schemaOf(node)
}

function leafSchema(node: Leaf<unknown>): JsonSchema {
  const literal = node.default === undefined ? node.defaultText : (node.format?.(node.default) ?? node.defaultText)
  return { ...orEmpty(node.json), ...(literal !== undefined && { default: literal }) }
}

/** The same schema, for a key that may be empty: no value, or an empty text, counts as a key that is not written. */
function orEmpty(schema: JsonSchema): JsonSchema {
  const { type, pattern, enum: words } = schema
  if (Array.isArray(words)) return { ...schema, enum: [...words, '', null] }
  const types = new Set([type, 'null'].flat())
  if (typeof pattern === 'string') return { ...schema, type: [...types], pattern: `^$|${pattern}` }
  return types.has('string') ? { ...schema, type: [...types] } : { ...schema, type: [...types, 'string'], maxLength: 0 }
}
