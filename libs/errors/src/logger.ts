/** Where a room tells what no caller waits for: facts as fields, then a constant message. pino's loggers are one. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
