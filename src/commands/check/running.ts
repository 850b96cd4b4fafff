import { type Place, tryToListen } from "../../answer/port.ts";
import { endpointPath } from "../../answer/listener.ts";
import type { Config } from "../../config/load.ts";
import { secretWarnings, tokenWarnings } from "../../config/secret-warnings.ts";
import { isItsOwn, portOf, portProblem, type statusOfRunning } from "../running-server.ts";
import type { ReportFinding } from "./report.ts";

type Running = Awaited<ReturnType<typeof statusOfRunning>>;

/**
 * Whether `serve` could listen where the configuration says. What a running server has is not asked for. Returns false
 * if the configuration must be changed.
 */
export function reportPlaces(config: Config, status: Running, report: ReportFinding): boolean {
  const { server, webhook, admin } = config;
  const places: readonly Place[] = [
    { table: "server", host: server.host, port: server.port },
    ...(admin === undefined ? [] : [{ table: "admin" as const, host: admin.host, port: admin.port }]),
  ];
  const taken = takenBy(status, config);
  const endpoint = `answer POST ${endpointPath(webhook.path)}`;
  let isSound = true;
  for (const place of places) {
    const problem = place.port !== 0 && taken.includes(place.port) ? undefined : tryToListen(place);
    if (problem === undefined) {
      if (place.table === "server")
        report("ok", `would listen on ${server.host} port ${server.port} and ${endpoint}`);
      continue;
    }
    // Without an admin listener a server of this very configuration cannot be told from another program.
    const hint =
      problem.mayPass && admin === undefined ? ", unless that is this configuration's own server" : "";
    report(problem.mayPass ? "warning" : "error", `${problem.message}${hint}`);
    isSound &&= problem.mayPass;
  }
  return isSound;
}

/** The ports of the running server; if it does not say, those that it is to have. */
function takenBy(status: Running, { server, admin }: Config): readonly (number | undefined)[] {
  if (status === undefined) return [];
  return [status === "closed" ? server.port : portOf(status), admin?.port];
}

/** What the running server says: a source that opens here may be out of its reach. Returns whether all is well. */
export function reportRunning(config: Config, status: Running, report: ReportFinding): boolean {
  if (status === undefined) return true;
  if (status === "closed") {
    report("warning", "the running server wants another admin.token: it was changed, and needs a restart");
    return true;
  }
  if (!isItsOwn(config, status)) {
    // The way to another source is a second file, which is checked while the first one is served.
    const isSamePort = portOf(status) === config.server.port;
    report(
      "warning",
      `the server of ${status.config_file} has port ${config.admin?.port}: this configuration can replace that one, but to run beside it, it needs another admin.port${isSamePort ? " and server.port" : ""}`,
    );
    return true;
  }
  const stale = portProblem(config, status);
  if (stale !== undefined) report("warning", stale);
  // What this command has already warned of is not said twice.
  const known = new Set([...secretWarnings(config.webhook.secrets), ...tokenWarnings(config.admin?.token)]);
  const warnings = status.warnings.filter((warning) => !known.has(warning));
  for (const warning of warnings) report("warning", `the running server: ${warning}`);
  for (const problem of status.not_ready) report("error", `the running server is not ready: ${problem}`);
  if (status.ready) report("ok", "the running server is ready");
  return status.ready;
}
