import { expect, test } from "bun:test";
import { firstFit } from "../../../plugins/shared/lanes/first-fit.ts";
import type { Host } from "../../../plugins/shared/lanes/host.ts";
import { HostProblem, type Lane } from "../../../plugins/shared/lanes/lane.ts";

const FIRST: Host = { name: "first:5432", hostname: "first", port: 5432, socket: undefined };
const SECOND: Host = { ...FIRST, name: "second:5432", hostname: "second" };
const FOR_EVER = new Promise<never>(() => {});

function laneTo(host: Host): Lane {
  return { host, ask: () => FOR_EVER, probe: () => FOR_EVER, close() {} };
}

/** What comes of both hosts if the first one is silent until it is told to refuse. */
function attempt(
  second: (tries: number, refuseFirst: () => void) => Promise<Lane>,
  signal = new AbortController().signal,
) {
  const silent = Promise.withResolvers<Lane>();
  const refuseFirst = () => silent.reject(new HostProblem("the first hangs", { mayPass: true }));
  signal.addEventListener("abort", refuseFirst);
  let tries = 0;
  const lane = firstFit(
    [FIRST, SECOND],
    (host) => (host === FIRST ? silent.promise : second((tries += 1), refuseFirst)),
    signal,
  );
  const outcome = lane.then(
    ({ host }) => host.name,
    (error: unknown) => (error instanceof HostProblem ? error : String(error)),
  );
  return { outcome, tries: () => tries };
}

async function refuse(message: string, mayPass = true): Promise<never> {
  throw new HostProblem(message, { mayPass });
}

test("a host that refused is asked again while another one hangs, and used once it is fit", async () => {
  const { outcome } = attempt((tries) =>
    tries < 4 ? refuse(`refusal ${tries}`) : Promise.resolve(laneTo(SECOND)),
  );
  expect(await outcome).toBe("second:5432");
});

test("once all have refused, the latest problem of each is told once", async () => {
  const { outcome, tries } = attempt((count, refuseFirst) => {
    if (count === 3) setImmediate(refuseFirst);
    return refuse(`the second refuses for the ${count}. time`);
  });
  expect(await outcome).toMatchObject({
    message: "the second refuses for the 3. time; the first hangs",
    mayPass: true,
  });
  await Bun.sleep(600);
  expect(tries()).toBe(3);
});

test("a host with a problem that does not pass by itself is not asked again", async () => {
  const { outcome, tries } = attempt((_tries, refuseFirst) => {
    setTimeout(refuseFirst, 600);
    return refuse("the password is wrong", false);
  });
  expect(await outcome).toMatchObject({
    message: "the password is wrong; the first hangs",
    mayPass: false,
  });
  expect(tries()).toBe(1);
});

test("a host that hangs when it is asked again keeps nobody waiting, and is not asked beside itself", async () => {
  const { outcome, tries } = attempt((count, refuseFirst) => {
    if (count === 1) return refuse("the second refuses");
    setTimeout(refuseFirst, 600);
    return FOR_EVER;
  });
  expect(await outcome).toMatchObject({ message: "the second refuses; the first hangs" });
  expect(tries()).toBe(2);
});

test("nobody is asked again once no lane is wanted any more", async () => {
  const ending = new AbortController();
  const { outcome, tries } = attempt(async () => {
    setImmediate(() => ending.abort());
    return await refuse("the second refuses");
  }, ending.signal);
  expect(await outcome).toBeInstanceOf(HostProblem);
  await Bun.sleep(600);
  expect(tries()).toBe(1);
});
