import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { open } from "../raw-http.ts";
import { callBytes, childrenOf, OK, operate, SECRET, STATIC } from "./operated.ts";

/** Without `[admin]` and with one worker there is no supervisor: one process does it all, as `init` has it. */

setDefaultTimeout(30_000);

describe.concurrent("a process alone", () => {
  test("SIGHUP: secrets and source follow", async () => {
    await using server = await operate({ admin: false });
    expect(childrenOf(server.process.pid)).toEqual([]);
    const source = 'plugin = "static"\nplayers = { "12001" = "31" }';
    const changed = await server.change({ admin: false, webhook: 'secrets = ["another"]', source });
    expect(changed).toMatchObject({ msg: "reloaded" });
    expect(await server.balance({ secret: "another" })).toBe('{"balance":"31","status_code":"OK"}');
    expect(await server.balance()).toBe('{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}');
  });

  test("SIGHUP: what is broken changes nothing, and the log says everything that is", async () => {
    await using server = await operate({ admin: false });
    const names = Array.from({ length: 12 }, (_, index) => `no_option_of_this_name_${index}`);
    const failed = await server.change({
      admin: false,
      webhook: `secrets = ["another"]\n${names.map((name) => `${name} = 1`).join("\n")}`,
    });
    expect(failed).toMatchObject({
      level: "error",
      msg: "the reload failed; the configuration before it stays in use",
    });
    for (const name of names) expect(failed["problem"]).toContain(`webhook.${name}: unknown key`);
    expect(await server.balance()).toBe(OK);

    expect(
      await server.change({ admin: false, source: 'plugin = "sqlite"\nfile = "no/where.db"' }),
    ).toMatchObject({
      problem: expect.stringContaining("there is no folder"),
    });
    expect(await server.balance()).toBe(OK);
    expect(server.process.log()).not.toContain(SECRET);
  });

  test("SIGTERM: what is in flight is answered, exit 0", async () => {
    await using server = await operate({ admin: false, source: `${STATIC}\ndelay_ms = 500` });
    const connections = await Promise.all(Array.from({ length: 20 }, () => open(server.process.port)));
    for (const connection of connections) connection.send(callBytes());
    // Without metrics nobody can tell that a lookup is under way; half of its delay is plenty.
    await Bun.sleep(250);
    server.process.signal("SIGTERM");
    for (const connection of connections) {
      expect((await connection.next())?.body.toString()).toBe(OK);
      expect(await connection.next()).toBeUndefined();
    }
    expect(await server.process.exited).toBe(0);
    expect(server.lines().at(-1)?.msg).toBe("stopped");
  });
});
