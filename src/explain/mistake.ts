/** One thing that was done wrong on the way to a signature. */
export interface Mistake {
  /** Stable, for programs. */
  readonly id: string;
  readonly message: string;
}
