/**
 * The name of a member under which Go's `encoding/json` finds the field of an ASCII name: it compares without case, and
 * by Unicode's rules there are two characters beyond ASCII that are letters of it in another case.
 */
export function goName(name: string): string {
  return name.replace(/[A-Z\u017f\u212a]/g, (letter) => {
    if (letter === '\u017f') return 's'
    return letter === '\u212a' ? 'k' : letter.toLowerCase()
  })
}
