import type { AnsweredCall, Recorder } from "../../src/observe/recorder.ts";

/** Tells a recorder of a call, as the answering side does. */
export function record(recorder: Recorder, call: AnsweredCall): void {
  const { time_ms, endpoint, reason, duration_ms, player_id } = call;
  if (recorder.answered(time_ms, endpoint, reason, duration_ms, player_id)) recorder.keep(call);
}
