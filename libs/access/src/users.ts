/** Who can log in, with a password. */
export interface Users {
  /**
   * Another one whenever somebody might not be let in any more who was.
   *
   * @throws RegistryError UNAVAILABLE: who the users are cannot be read
   */
  readonly generation: unknown

  /**
   * Says whether a password is a user's. Whether there is such a user shows in neither the answer nor its time.
   *
   * @param source the client's address, which failed logins are counted by
   * @returns the answer itself where it takes no waiting: for credentials that were seen before
   * @throws RegistryError UNAVAILABLE: who the users are cannot be read
   */
  logIn(name: string, password: string, source: string): LogIn | Promise<LogIn>
}

/** Users of whom it can be told whether they still have the password that they had. */
export interface MarkedUsers extends Users {
  /**
   * A mark of a user's password, from which nobody learns what that is: it changes with the password.
   *
   * @returns `undefined`: there is no such user
   * @throws RegistryError UNAVAILABLE: who the users are cannot be read
   */
  markOf(name: string): string | undefined
}

/** In milliseconds from now, a client that is `limited` may try again. */
export type LogIn =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'limited'; readonly retryAfterMs: number }
