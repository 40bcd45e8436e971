import type { FormerFormat } from '@berth/manifests'
import { FormerFormat as FormatMessage } from '../gen/registry/v1/manifests.ts'

const messages: Readonly<Record<FormerFormat, FormatMessage>> = {
  schema1: FormatMessage.FORMER_FORMAT_SCHEMA1,
  schema2: FormatMessage.FORMER_FORMAT_SCHEMA2,
}

export function toFormatMessage(format: FormerFormat | undefined): FormatMessage {
  return format === undefined ? FormatMessage.FORMER_FORMAT_UNSPECIFIED : messages[format]
}

/** `undefined` also for what a newer process knows: then it is given what is stored. */
export function fromFormatMessage(message: FormatMessage): FormerFormat | undefined {
  if (message === FormatMessage.FORMER_FORMAT_SCHEMA1) return 'schema1'
  return message === FormatMessage.FORMER_FORMAT_SCHEMA2 ? 'schema2' : undefined
}
