import type { ErrorCode } from 'yaml'

/**
 * Descriptions of invalid YAML, by the parser's code. The parser's own messages quote the text, which may be a
 * secret.
 */
const meanings: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias without its anchor',
  BAD_COLLECTION_TYPE: 'a tag that does not fit its value',
  BAD_DIRECTIVE: 'an invalid directive',
  BAD_DQ_ESCAPE: 'an invalid escape sequence in double quotes',
  BAD_INDENT: 'wrong indentation',
  BAD_PROP_ORDER: 'an anchor or a tag at the wrong place',
  BAD_SCALAR_START: 'a plain value begins with a reserved character; quotes are needed',
  BLOCK_AS_IMPLICIT_KEY: 'a nested mapping or list where a key or a single value is expected',
  BLOCK_IN_FLOW: 'a block inside brackets or braces',
  DUPLICATE_KEY: 'keys of a mapping must be unique',
  IMPOSSIBLE: 'a text that cannot be parsed',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  MISSING_CHAR: 'a missing bracket, brace, quote, colon, comma or blank',
  MULTILINE_IMPLICIT_KEY: 'a key of several lines, or a line without a colon',
  MULTIPLE_ANCHORS: 'a value with several anchors',
  MULTIPLE_DOCS: 'multiple documents',
  MULTIPLE_TAGS: 'a value with several tags',
  NON_STRING_KEY: 'a key that is not a text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab in the indentation',
  TAG_RESOLVE_FAILED: 'an unknown tag, or a value that its tag does not allow',
  UNEXPECTED_TOKEN: 'text that is not expected here',
}

/** Describes the problem in Berth's own words. */
export function yamlProblem(code: ErrorCode): string {
  return meanings[code] ?? 'a text that cannot be parsed'
}
