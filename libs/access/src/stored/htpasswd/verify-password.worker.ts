import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import type { PasswordToVerify } from './password-verifier.ts'

parentPort?.on('message', ({ password, hash }: PasswordToVerify) => {
  parentPort?.postMessage(compareSync(password, hash))
})
