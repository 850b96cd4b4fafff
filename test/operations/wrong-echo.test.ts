import { expect, setDefaultTimeout, test } from "bun:test";
import { http, startCore } from "../plugins/rest/core.ts";
import { OK, operate, type LogLine } from "./operated.ts";

setDefaultTimeout(30_000);

function isWarning({ msg }: LogLine): boolean {
  return msg.startsWith("the core gave an answer to another question");
}

test.each([1, 2])(
  "with %d workers, an answer to another question fails its call and is warned of",
  async (workers) => {
    let named = "12001";
    await using core = await startCore((socket, request) => {
      const id = request.startsWith("GET /12001") ? named : "";
      socket.write(id === "" ? http(404) : http(200, JSON.stringify({ player: id, balance: 30 })));
    });
    const source = `plugin = "rest"\nurl = "${core.url}/{player_id}"\nbalance = "/balance"\necho = "/player"`;
    await using server = await operate({ server: `workers = ${workers}`, source });
    expect(await server.balance()).toBe(OK);
    expect(await server.readyz()).toEqual({ status: 200, ready: true, not_ready: [], warnings: [] });

    named = "12002";
    for (let calls = 0; calls < 3; calls++) {
      expect(await server.balance()).toBe('{"status_code":"ERR_UNKNOWN"}');
    }
    named = "12001";
    expect(await server.balance()).toBe(OK);
    const { ready, warnings } = await server.readyz();
    expect(ready).toBeTrue();
    for (const warning of warnings) {
      expect(warning).toMatch(
        /^the source "players": the core gave [123] answers to other questions, the latest \d+ s ago \(echo\)$/,
      );
    }
    expect(warnings.length).toBeWithin(1, workers + 1);
    expect(await server.metric('klas_balance_source_events_total{source="players",event="wrong_echo"}')).toBe(
      3,
    );
    await server.line(isWarning);
    expect(server.lines().filter(isWarning).length).toBeWithin(1, workers + 1);
  },
);
