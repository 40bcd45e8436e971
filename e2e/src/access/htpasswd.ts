import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../configuration.ts'

/** Users whose passwords are verified in no time, and one who has none that counts. */
const lines = [
  '# users of the tests',
  'frodo:$2y$05$926C3y10Quzn/LnqQH86VOEVh/18T6RnLaS.khre96jLNL/7e.K5W',
  'MiShil:$2y$05$0oHgwMehvoe8iAWS8I.7l.KoECXrwVaC16RPfaSCU5eVTFrATuMI2',
  'bilbo:{SHA}5siv5c0SHx681xU6GiSx9ZQryqs=',
]

export const frodo = { name: 'frodo', password: 'baggins' } as const
export const mishil = { name: 'MiShil', password: '새주' } as const

/** Writes the users' file into `folder`. @returns the configuration of a registry that lets them in */
export async function writeUsers(folder: string): Promise<Settings> {
  const path = join(folder, 'htpasswd')
  await writeFile(path, lines.join('\n'))
  return { auth: { htpasswd: { realm: 'basic-realm', path } } }
}

export function basic({ name, password }: { readonly name: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}
