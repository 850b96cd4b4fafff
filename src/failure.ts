/** A failure that a user can do something about. Its message is shown without a stack. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  /** 1 it failed, 2 wrong usage or configuration (spec 4). */
  readonly exitStatus: 1 | 2;

  constructor(message: string, exitStatus: 1 | 2) {
    super(message);
    this.exitStatus = exitStatus;
  }
}
