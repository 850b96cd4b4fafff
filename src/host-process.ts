/**
 * The process belongs to the host. What is in an operator's plugin cannot end it by its ordinary means,
 * nor put something else in the place of what the host works with. This is against accidents: a
 * plugin runs with the program's rights, and anyone who means harm finds a way.
 */

let isProtected = false;
let isEnding = false;
const exit = process.exit.bind(process);
const kill = process.kill.bind(process);

/** Ends the process, as `process.exit` did before it was kept from plugins. */
export function endProcess(status?: number): never {
  isEnding = true;
  return exit(status);
}

/** Whether an operator's plugin was loaded, whose timers and sockets would keep the process alive. */
export function isProcessProtected(): boolean {
  return isProtected;
}

/** Keeps the process and its globals for the host from here on. */
export function protectProcess(): void {
  if (isProtected) return;
  isProtected = true;
  keepFrom("exit", exit);
  keepFrom("reallyExit", Reflect.get(process, "reallyExit"));
  keepFrom("abort", process.abort.bind(process));
  Object.defineProperty(process, "kill", {
    value: (pid: number, signal?: string | number) => {
      // 0 and below mean groups of processes, this one among them.
      if (pid === process.pid || pid <= 0) throw refusal("kill");
      return kill(pid, signal);
    },
    writable: false,
    configurable: false,
  });
  for (const name of HOSTS_GLOBALS) keep(globalThis, name);
  for (const each of HOSTS_OBJECTS) {
    for (const name of Object.getOwnPropertyNames(each)) keep(each, name);
  }
}

/**
 * What answering a call rests on: amounts, signatures, deadlines. Other globals are left to those who replace them:
 * polyfills such as core-js do that, and add functions of their own, and were refused while everything was frozen.
 * One that puts another Promise or other timers in place, such as zone.js, is refused still.
 */
const HOSTS_GLOBALS = `
  Array BigInt Boolean Date Error JSON Map Math Number Object Promise Reflect RegExp Set String Symbol Uint8Array WeakMap
  AbortController AbortSignal Buffer Bun Headers Request Response TextDecoder TextEncoder URL
  clearInterval clearTimeout console crypto fetch performance process queueMicrotask setImmediate setInterval setTimeout
`
  .trim()
  .split(/\s+/);

/** Those of whose functions the same holds; there may come further ones. */
const HOSTS_OBJECTS: readonly object[] = [
  JSON,
  Reflect,
  Object,
  Array,
  Number,
  BigInt,
  String,
  Promise,
  Date,
];

function keepFrom(name: string, real: unknown): void {
  Object.defineProperty(process, name, {
    value: (...given: unknown[]): unknown => {
      if (!isEnding || typeof real !== "function") throw refusal(name);
      return Reflect.apply(real, process, given);
    },
    writable: false,
    configurable: false,
  });
}

/** What a plugin gets that would end the process. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

function refusal(name: string): Refusal {
  return new Refusal(`a plugin must not call process.${name}: the process is the server's`);
}

function keep(owner: object, name: string): void {
  if (Object.getOwnPropertyDescriptor(owner, name)?.configurable !== true) return;
  Object.defineProperty(owner, name, {
    value: Reflect.get(owner, name),
    writable: false,
    configurable: false,
  });
}
