import type { ObjectAnswer } from './object-answer.ts'

/** The description of a fault is short. */
const mostBytes = 64 * 1024

/** What a store's answer is that is no success: an error like the SDK's, with its name and status. */
export async function answerError(answer: ObjectAnswer): Promise<Error> {
  return errorIn(await textOf(answer), answer.status)
}

/** @param text an answer's body */
export function errorIn(text: string, status: number): Error {
  const code = /<Code>([\w.-]{1,100})<\/Code>/.exec(text)?.[1]
  const message = /<Message>([^<]{1,1000})<\/Message>/.exec(text)?.[1]
  const error = new Error(message ?? `the store answered with ${status}`)
  error.name = code ?? 'UnknownError'
  return Object.assign(error, { $metadata: { httpStatusCode: status } })
}

/** Nothing where it cannot be read: the status says enough. */
async function textOf(answer: ObjectAnswer): Promise<string> {
  try {
    return (await answer.collect(mostBytes)).toString('utf8')
  } catch {
    return ''
  }
}
