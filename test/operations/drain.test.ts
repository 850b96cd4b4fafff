import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { open } from "../raw-http.ts";
import { call, callBytes, eventually, OK, operate, SECRET, STATIC } from "./operated.ts";

const SLOW = `${STATIC}\ndelay_ms = 300`;
const HANGING = `${STATIC}\nhang_every = 1`;
const PATIENT = `secrets = ["${SECRET}"]\ntimeout_ms = 60000`;

setDefaultTimeout(60_000);

describe.concurrent.each([1, 2])("SIGTERM, workers = %i", (workers) => {
  test("lame duck: readiness says no while calls are still answered, and each answer closes its connection", async () => {
    await using server = await operate({ server: `workers = ${workers}\nlame_duck_seconds = 2` });
    const keptAlive = await open(server.process.port);
    keptAlive.send(callBytes());
    const before = await keptAlive.next();
    expect(before?.headers.get("connection")).not.toBe("close");
    expect((await server.readyz()).status).toBe(200);

    server.process.signal("SIGTERM");
    expect(
      await eventually("readiness to say no", async () => {
        const readiness = await server.readyz();
        return readiness.status === 503 && readiness;
      }),
    ).toMatchObject({ ready: false, not_ready: ["shutting down"] });
    expect((await server.admin("/healthz")).status).toBe(200);
    const fresh = await call(server.process.port);
    expect(fresh?.body.toString()).toBe(OK);
    expect(fresh?.headers.get("connection")).toBe("close");
    keptAlive.send(callBytes());
    const reply = await keptAlive.next();
    expect(reply?.body.toString()).toBe(OK);
    expect(reply?.headers.get("connection")).toBe("close");
    expect(await keptAlive.next()).toBeUndefined();

    expect(await server.process.exited).toBe(0);
    expect(server.lines().at(-1)?.msg).toBe("stopped");
  });

  test("what is in flight is answered, then the connection ends, exit 0", async () => {
    await using server = await operate({ server: `workers = ${workers}`, source: SLOW });
    const connections = await Promise.all(Array.from({ length: 20 }, () => open(server.process.port)));
    for (const connection of connections) connection.send(callBytes());
    await eventually("the lookups", async () => (await server.metric("klas_balance_in_flight")) === 20);
    server.process.signal("SIGTERM");
    for (const connection of connections) {
      const reply = await connection.next();
      expect(reply?.body.toString()).toBe(OK);
      expect(reply?.headers.get("connection")).toBe("close");
      expect(await connection.next()).toBeUndefined();
    }
    expect(await server.process.exited).toBe(0);
    expect(await call(server.process.port).catch(() => "refused")).toBe("refused");
  });

  // The core may book a bet until its deadline, which began when the bet was accepted.
  test("the time to drain begins once calls are no longer accepted", async () => {
    const source = `${STATIC}\ndelay_ms = 100`;
    await using server = await operate({ server: `workers = ${workers}\ndrain_seconds = 0`, source });
    const connection = await open(server.process.port);
    connection.send(callBytes());
    server.process.signal("SIGTERM");
    expect((await connection.next())?.body.toString()).toBe(OK);
    expect(await server.process.exited).toBe(0);
    expect(server.process.log()).not.toContain("not everything in flight was answered");
  });

  test("a lookup that hangs holds it up for drain_seconds and no longer", async () => {
    const tables = { server: `workers = ${workers}\ndrain_seconds = 1`, webhook: PATIENT, source: HANGING };
    await using server = await operate(tables);
    const hung = call(server.process.port);
    await eventually("the lookup", async () => (await server.metric("klas_balance_in_flight")) === 1);
    const startedMs = performance.now();
    server.process.signal("SIGTERM");
    expect(await server.process.exited).toBe(0);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(await hung).toBeUndefined();
    await server.line(({ msg }) => msg === "not everything in flight was answered");
  });

  test("a second signal ends it at once", async () => {
    const tables = { server: `workers = ${workers}\ndrain_seconds = 600`, webhook: PATIENT, source: HANGING };
    await using server = await operate(tables);
    const hung = call(server.process.port);
    await eventually("the lookup", async () => (await server.metric("klas_balance_in_flight")) === 1);
    server.process.signal("SIGTERM");
    await server.line(({ msg }) => msg === "draining");
    await Bun.sleep(100);
    server.process.signal("SIGINT");
    expect(await server.process.exited).toBe(1);
    expect(await hung).toBeUndefined();
  });
});
