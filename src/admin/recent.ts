/** An item that was kept, with a number that grows by one per item. */
export type Numbered<Thing> = Thing & { readonly number: number };

/** The latest items of a kind, oldest first. */
export interface Latest<Thing> {
  add(things: readonly Thing[]): void;
  /** The items after a number, or all of them if it is 0. */
  after(number: number): readonly Numbered<Thing>[];
  find(number: number): Numbered<Thing> | undefined;
  /** The number of the newest; 0 if there was none yet. */
  readonly newest: number;
}

export function keepLatest<Thing extends object>(limit: number): Latest<Thing> {
  let kept: Numbered<Thing>[] = [];
  let newest = 0;
  return {
    add(things) {
      const numbered = things.map((thing) => {
        newest += 1;
        return { ...thing, number: newest };
      });
      kept = [...kept, ...numbered].slice(-limit);
      if (limit === 0) kept = [];
    },
    after: (number) => kept.slice(Math.max(0, kept.length - (newest - number))),
    find: (number) => kept.find((thing) => thing.number === number),
    get newest() {
      return newest;
    },
  };
}
