/** The text with passwords of URLs masked: `https://user:***@host`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([^\s"'/:@]*:)[^\s"'/@]+@/g, '$1***@')
}
