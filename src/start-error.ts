/** What keeps the program from starting, in words for the operator: shown without a stack, exit status 2. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}
