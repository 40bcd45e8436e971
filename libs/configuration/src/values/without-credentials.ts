/** The same text, where what may be the password before a host is not to be read: `https://user:***@host`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([^\s"'/:@]*:)[^\s"'/@]+@/g, '$1***@')
}
