/**
 * The process belongs to the host. An operator's plugin cannot end it by ordinary means, nor replace what the host
 * works with. This protects against accidents: a plugin runs with the program's rights, and anyone who means harm
 * finds a way.
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
 * What answering a call depends on: amounts, signatures, deadlines. Other globals may be replaced: polyfills such as
 * core-js do that, and add functions of their own, and could not be loaded while everything was frozen. Packages that
 * replace Promise or timers, such as zone.js, are still refused.
 */
const HOSTS_GLOBALS = `
  Array BigInt Boolean Date Error JSON Map Math Number Object Promise Reflect RegExp Set String Symbol Uint8Array WeakMap
  AbortController AbortSignal Buffer Bun Headers Request Response TextDecoder TextEncoder URL
  clearInterval clearTimeout console crypto fetch performance process queueMicrotask setImmediate setInterval setTimeout
`
  .trim()
  .split(/\s+/);

/** Objects whose functions are kept, too. Functions may still be added to them. */
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

/** Thrown at a plugin that tries to end the process. */
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
