/** How a server asks for certificates of clients, in the words of the configuration. */
export type ClientAuth =
  | 'none'
  | 'request-client-cert'
  | 'require-any-client-cert'
  | 'verify-client-cert-if-given'
  | 'require-and-verify-client-cert'
