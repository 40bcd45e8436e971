/*
 * A blob's whole state in one key, so that losing it (eviction, restart) loses all of it at once: the generation goes
 * with the entry, and a fill of what was read before finds nothing to match. The first letter says which it is:
 *
 *   g<generation>           nothing is cached; fill with this generation
 *   e<generation><entry>    a sealed entry (`entry-seal.ts`), and the generation it was filled with
 *   h<hold><hold>…          removals under way, newest first
 *
 * Generations and holds are UUIDs of 36 characters.
 */

/** ARGV: a new generation, its life. Returns the state. */
const find = `
local state = redis.call('GET', KEYS[1])
if not state then
  state = 'g' .. ARGV[1]
  redis.call('SET', KEYS[1], state, 'PX', ARGV[2])
end
return state`

/** ARGV: the generation that was found, the entry or nothing, its life. Returns whether the generation still counts. */
const fill = `
local state = redis.call('GET', KEYS[1])
if not state or string.sub(state, 1, 1) == 'h' or string.sub(state, 2, 37) ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], 'e' .. ARGV[1] .. ARGV[2], 'PX', ARGV[3]) end
return 1`

/** ARGV: the hold, its life, the channel, the message. Of holds that nobody releases, 15 are carried along. */
const hold = `
local state = redis.call('GET', KEYS[1])
local others = ''
if state and string.sub(state, 1, 1) == 'h' then others = string.sub(state, 2, 541) end
redis.call('SET', KEYS[1], 'h' .. ARGV[1] .. others, 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])`

/** ARGV: the hold that is over, or none; a new generation, its life, the channel, the message. */
const renew = `
local state = redis.call('GET', KEYS[1])
local holds = ''
if state and string.sub(state, 1, 1) == 'h' then
  holds = string.sub(state, 2)
  local from, to = string.find(holds, ARGV[1], 1, true)
  if from then holds = string.sub(holds, 1, from - 1) .. string.sub(holds, to + 1) end
end
if holds ~= '' then
  redis.call('SET', KEYS[1], 'h' .. holds, 'KEEPTTL')
else
  redis.call('SET', KEYS[1], 'g' .. ARGV[2], 'PX', ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])`

export const scripts = { berthFind: find, berthFill: fill, berthHold: hold, berthRenew: renew }

/** The scripts as commands of a client that has them defined, all of one key. */
export type ScriptCommands = Readonly<
  Record<keyof typeof scripts, (key: string, ...args: readonly (string | number)[]) => Promise<unknown>>
>
