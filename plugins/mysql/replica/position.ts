/** Commits one after the other, by the numbers that the engine gave them. */
interface Span {
  readonly first: bigint;
  readonly last: bigint;
  /** The server that made the last one, if the engine says so. */
  readonly lastBy: string | undefined;
}

/** Which commits a server has, by stream: a domain of MariaDB, or a server of MySQL, with a tag if there is one. */
export type Position = ReadonlyMap<string, readonly Span[]>;

/** MariaDB's `0-1-100,5-2-7`: the last commit of each domain, and the server that made it. The latest of several counts. */
export function mariaDbPosition(text: string): Position | undefined {
  const position = new Map<string, readonly Span[]>();
  for (const gtid of partsOf(text)) {
    const [, domain, server, number] = /^(\d+)-(\d+)-(\d+)$/.exec(gtid) ?? [];
    if (domain === undefined || number === undefined) return undefined;
    const last = BigInt(number);
    if (last > (position.get(domain)?.[0]?.last ?? -1n))
      position.set(domain, [{ first: 1n, last, lastBy: server }]);
  }
  return position;
}

/** MySQL's `uuid:1-5:7:tag:1-3`: the commits of each server, those with a tag apart. */
export function mysqlPosition(text: string): Position | undefined {
  const position = new Map<string, Span[]>();
  for (const part of partsOf(text)) {
    const [server = "", ...rest] = part.split(":").map((each) => each.trim());
    let stream = server;
    for (const word of rest) {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
      if (first === undefined || last === undefined) {
        if (!/^[a-z_]\w*$/i.test(word)) return undefined;
        stream = `${server}:${word}`;
        continue;
      }
      const spans = position.get(stream) ?? [];
      position.set(stream, [...spans, { first: BigInt(first), last: BigInt(last), lastBy: undefined }]);
    }
  }
  return position;
}

function partsOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Whether every commit of `part` is one of `whole`. */
export function holds(whole: Position, part: Position): boolean {
  return Array.from(part).every(([stream, spans]) => holdsAll(whole.get(stream) ?? [], spans));
}

/** Whether `replica` has commits that its primary lacks, of the streams that the primary has. */
export function isAhead(replica: Position, primary: Position): boolean {
  return Array.from(primary).some(([stream, spans]) => !holdsAll(spans, replica.get(stream) ?? []));
}

function holdsAll(whole: readonly Span[], part: readonly Span[]): boolean {
  return part.every((span) => whole.some((each) => isWithin(span, each)));
}

function isWithin(span: Span, whole: Span): boolean {
  if (span.first < whole.first || span.last > whole.last) return false;
  // The same number from two servers is two commits: their histories have parted.
  return span.last < whole.last || span.lastBy === whole.lastBy;
}
