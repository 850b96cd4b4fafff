import type { Pointer } from "./pointer.ts";

type Element = Bun.XML.Node;

/**
 * The text at a pointer, which names what the compact shape of the runtime's parser names: `/r/b`, `/r/b/1` if `b`
 * comes more than once, `/r/b/@currency`, `/r/b/#text`. Taken from the tree, because the compact shape joins `30<!--
 * was -->40` and `30<x/>40` into `3040`; here an element that holds more than one text and its attributes has none.
 */
export function xmlText(root: Element, pointer: Pointer): string | undefined {
  const [element, ...others] = elementsAt(root, elementsPart(pointer));
  if (element === undefined || others.length > 0) return undefined;
  return isAttribute(pointer) ? attributeText(element, pointer.at(-1) ?? "") : ownText(element);
}

/** Whether a pointer without text leads to nothing, instead of to several elements or to one that holds more or less. */
export function isNothingInXml(root: Element, pointer: Pointer): boolean {
  const { length } = elementsAt(root, elementsPart(pointer));
  return length === 0 || (length === 1 && isAttribute(pointer));
}

function isAttribute(pointer: Pointer): boolean {
  return pointer.at(-1)?.startsWith("@") === true;
}

function elementsPart(pointer: Pointer): Pointer {
  return isAttribute(pointer) || pointer.at(-1) === "#text" ? pointer.slice(0, -1) : pointer;
}

/** Several if the pointer leads to several, or into them without a number. */
function elementsAt(root: Element, pointer: Pointer): readonly Element[] {
  let found: readonly Element[] = [{ name: "", attributes: {}, children: [root] }];
  for (const token of pointer) {
    const [first, ...others] = found;
    if (first === undefined) return [];
    if (others.length > 0 && !/^\d+$/.test(token)) return found;
    found =
      others.length === 0
        ? first.children.filter(isElement).filter(({ name }) => name === token)
        : found.filter((_, index) => String(index) === token);
  }
  return found;
}

function attributeText({ attributes }: Element, token: string): string | undefined {
  const name = token.slice(1);
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
