import { rotateKeyFile } from '@berth/access/stored'
import { type Command, CommandMistake } from '@berth/process'

/** Makes a file of keys for `auth.berth.keys`, or another key in one. */
export const rotateKeys: Command = {
  name: 'access rotate-keys',
  usage: 'FILE',
  about:
    'makes a file of keys that sign tokens; in one that is there, another key, which signs in an hour, when all know it',
  run({ positionals, print }) {
    const [path] = positionals
    if (path === undefined || positionals.length > 1) throw new CommandMistake('it takes a file')
    const keys = rotateKeyFile(path)
    print(`${path} has ${keys.length === 1 ? 'one key' : `${keys.length} keys`}; the newest is ${keys[0]?.id}\n`)
    return 0
  },
}
