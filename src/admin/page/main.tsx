import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ConsoleEvent, ShownCall } from "../shapes.ts";
import { Calls, type Filter, NO_FILTER } from "./calls.tsx";
import { Charts } from "./charts.tsx";
import { FailingCalls } from "./failing.tsx";
import { Failed } from "./failed.tsx";
import { Login } from "./login.tsx";
import { Manual } from "./manual.tsx";
import { Now, Secrets, Traffic, Verdict } from "./now.tsx";
import { Players } from "./players.tsx";
import { follow, NotLoggedIn, onTokenWanted } from "./requests.ts";
import { TryCall } from "./try-call.tsx";

/** As many as the server keeps. */
const MAX_CALLS = 1000;

function Console() {
  const [event, setEvent] = useState<ConsoleEvent>();
  const [calls, setCalls] = useState<readonly ShownCall[]>([]);
  const [leftOut, setLeftOut] = useState(0);
  const [lost, setLost] = useState("");
  const [needsToken, setNeedsToken] = useState(false);
  /** What the list held when it was paused. All else goes on: a server that is no longer ready must show. */
  const [paused, setPaused] = useState<{ readonly calls: readonly ShownCall[]; readonly leftOut: number }>();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [view, topic = "", term = ""] = useHash();
  const lastCall = useRef(0);
  const startedMs = useRef<number | undefined>(undefined);
  const isListWanted = useRef(false);

  useEffect(() => onTokenWanted(() => setNeedsToken(true)), []);
  useEffect(() => {
    if (needsToken) return undefined;
    const live = follow(
      (latest) => {
        setEvent(latest);
        setLost("");
        // A server that was started again numbers its calls from the start.
        const isAnother = startedMs.current !== latest.status.started_ms;
        if (isAnother) lastCall.current = 0;
        startedMs.current = latest.status.started_ms;
        // A new connection brings all that the server keeps, whatever came before it.
        const fresh = latest.calls.filter(({ number }) => number > lastCall.current);
        setLeftOut((before) => (isAnother ? 0 : before) + latest.left_out);
        setCalls((before) => [...(isAnother ? [] : before), ...fresh].slice(-MAX_CALLS));
        lastCall.current = fresh.at(-1)?.number ?? lastCall.current;
      },
      (error) => {
        if (!(error instanceof NotLoggedIn)) setLost(error instanceof Error ? error.message : String(error));
      },
    );
    return () => live.stop();
  }, [needsToken]);

  const status = event?.status;
  const trouble = lost === "" ? status?.ready === false && "not ready" : "no connection";
  useEffect(() => {
    document.title = trouble === false ? "klas-balance" : `${trouble} · klas-balance`;
  }, [trouble]);

  // The list may be in the view that is only just coming.
  useEffect(() => {
    if (!isListWanted.current || view !== "") return;
    isListWanted.current = false;
    document.getElementById("calls")?.scrollIntoView();
  }, [filter, view]);
  const list = (wanted: Partial<Filter>) => {
    isListWanted.current = true;
    setFilter({ ...NO_FILTER, ...wanted });
  };

  if (needsToken) return <Login onDone={() => setNeedsToken(false)} />;
  const failed = event?.newest_failed ?? 0;
  return (
    <>
      <header>
        <h1>klas-balance</h1>
        <nav aria-label="Views">
          <View name="" is={view}>
            Overview
          </View>
          <View name="failed" is={view}>
            Failed signatures{failed > 0 ? ` (${failed})` : ""}
          </View>
          {status?.has_players === true && (
            <View name="players" is={view}>
              Players
            </View>
          )}
          <View name="manual" is={view}>
            Manual
          </View>
        </nav>
      </header>
      <main>
        <Verdict status={status} lost={lost} />
        {view === "" && status !== undefined && <Traffic status={status} />}
        {view === "" && status !== undefined && <FailingCalls status={status} onList={list} />}
        {view === "" && (
          <div class="columns">
            {status !== undefined && (
              <div class="side">
                <Now status={status} />
                <Secrets status={status} />
                <TryCall
                  calls={calls}
                  onList={(wanted) => {
                    // The row came after the pause, or may have.
                    setPaused(undefined);
                    list(wanted);
                  }}
                />
              </div>
            )}
            <div class="wide">
              <Charts
                startedMs={status?.started_ms ?? 0}
                isPaused={paused !== undefined}
                onBrush={(from, to) => list({ ...filter, between: [from, to] })}
              />
              <Calls
                calls={paused?.calls ?? calls}
                leftOut={paused?.leftOut ?? leftOut}
                isPaused={paused !== undefined}
                onPause={(isPaused) => setPaused(isPaused ? { calls, leftOut } : undefined)}
                filter={filter}
                onFilter={setFilter}
              />
            </div>
          </div>
        )}
        {view === "failed" && (
          <Failed
            newest={failed}
            limit={status?.capture_failed ?? 0}
            soughtMs={Number(topic)}
            onList={list}
          />
        )}
        {view === "players" && <Players />}
        {view === "manual" && <Manual topic={topic} term={term} />}
      </main>
    </>
  );
}

function View({
  name,
  is,
  children,
}: {
  name: string;
  is: string | undefined;
  children: preact.ComponentChildren;
}) {
  return (
    <a href={`#/${name}`} aria-current={name === is ? "page" : undefined}>
      {children}
    </a>
  );
}

/** `#/manual/rotation` is `["manual", "rotation"]`. */
function useHash(): readonly string[] {
  const [hash, setHash] = useState(hashParts);
  useEffect(() => {
    const update = () => setHash(hashParts());
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return hash;
}

function hashParts(): readonly string[] {
  return location.hash.replace(/^#\/?/, "").split("/");
}

render(<Console />, document.body);
