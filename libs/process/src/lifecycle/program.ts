import type { PartialSection } from '@berth/configuration'
import type { Command } from './command.ts'

/** What a process is. */
export interface Program {
  /** Its title, and what it calls itself. */
  readonly name: string
  /** The sections it uses of those that not every process does; in the others a warning says that they do nothing here. */
  readonly uses?: readonly PartialSection[]
  /** What it does beside serving. */
  readonly commands?: readonly Command[]
}
