import { isTrouble, styleOf } from "./reasons.ts";

/** A reason's name beside its colour, with a way to the manual. */
export function ReasonLink({ reason }: { readonly reason: string }) {
  const { colour, words } = styleOf(reason);
  return (
    <a
      class={isTrouble(reason) ? "reason trouble" : "reason"}
      href={`#/manual/troubleshooting/${reason}`}
      title={words}
    >
      <span class={`swatch ${colour.slice(2)}`} aria-hidden="true" />
      {reason}
    </a>
  );
}
