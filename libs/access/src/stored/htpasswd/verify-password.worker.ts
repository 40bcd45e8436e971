import { constants, platform, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import type { PasswordToVerify } from './password-verifier.ts'

// Whoever is let in already goes first; yet on a busy machine the lowest priority would be none at all. On Linux this is
// about the calling thread alone.
if (platform() === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

parentPort?.on('message', ({ password, hash }: PasswordToVerify) => {
  parentPort?.postMessage(compareSync(password, hash))
})
