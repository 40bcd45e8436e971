/** What the bench asks of the load process, and what it gets back: plain values, since they cross between processes. */
export interface Job {
  readonly target: Target
  readonly load: Load
  readonly warmUpMs: number
  readonly durationMs: number
}

interface Target {
  readonly port: number
  /** Whose CPU time is counted. */
  readonly pids: readonly number[]
  /** Who the clients are that read, where they have to say so. */
  readonly authorization?: string
}

export type Load =
  | {
      readonly kind: 'requests'
      readonly method: 'GET' | 'HEAD'
      /** Asked for in turn. */
      readonly paths: readonly string[]
      readonly connections: number
    }
  | {
      readonly kind: 'small pushes'
      readonly shape: 'put' | 'patch'
      readonly repository: string
      readonly size: number
      readonly connections: number
    }
  | {
      readonly kind: 'manifest pushes'
      readonly repository: string
      /** That they move between, in turn. */
      readonly tags: number
      readonly connections: number
    }
  | {
      readonly kind: 'large pushes'
      readonly shape: 'put' | 'patch' | 'chunks'
      readonly repository: string
      readonly size: number
      /** At once, each on a connection of its own. */
      readonly blobs: number
    }

export interface Measurement {
  readonly operations: number
  /** Of content that was sent or received. */
  readonly bytes: number
  readonly seconds: number
  readonly serverCpuSeconds: number
  readonly loadCpuSeconds: number
}

export type Answer = { readonly measurement: Measurement } | { readonly failure: string }
