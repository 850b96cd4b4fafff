import type { Pointer } from "./pointer.ts";

type Element = Bun.XML.Node;

/**
 * The text at a pointer, which names what the compact shape of the runtime's parser names: `/r/b`, `/r/b/1` if `b`
 * comes more than once, `/r/b/@currency`, `/r/b/#text`. Taken from the tree, because the compact shape joins `30<!--
 * was -->40` and `30<x/>40` into `3040`; here an element that holds more than one text and its attributes has none.
 */
export function xmlText(root: Element, pointer: Pointer): string | undefined {
  const last = pointer.at(-1) ?? "";
  const isAttribute = last.startsWith("@");
  const element = elementAt(root, isAttribute || last === "#text" ? pointer.slice(0, -1) : pointer);
  if (element === undefined) return undefined;
  return isAttribute ? attributeText(element, last.slice(1)) : ownText(element);
}

/** `undefined` also if the pointer leads to several. */
function elementAt(root: Element, pointer: Pointer): Element | undefined {
  let found: readonly Element[] = [{ name: "", attributes: {}, children: [root] }];
  for (const token of pointer) {
    const [first, ...others] = found;
    if (first === undefined) return undefined;
    found =
      others.length === 0
        ? first.children.filter(isElement).filter(({ name }) => name === token)
        : found.filter((_, index) => String(index) === token);
  }
  return found.length === 1 ? found[0] : undefined;
}

function attributeText({ attributes }: Element, name: string): string | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name]?.trim() : undefined;
}

function ownText({ attributes, children }: Element): string | undefined {
  if (children.some(isElement)) return undefined;
  const texts = children.filter((child) => typeof child === "string").map((text) => text.trim());
  const [text, ...others] = texts.filter((trimmed) => trimmed !== "");
  if (others.length > 0) return undefined;
  return text ?? (Object.keys(attributes).length === 0 ? "" : undefined);
}

function isElement(child: Element["children"][number]): child is Element {
  return typeof child === "object" && "name" in child;
}
