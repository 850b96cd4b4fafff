import { beginTrace, continueTrace, type Trace, TRACE_DIGITS } from "../protocol/trace.ts";

/** The caller's trace, or a new one. */
export function traceOf(headers: Headers): Trace {
  const traceparent = headers.get("traceparent");
  const continued = traceparent === null ? undefined : continueTrace(traceparent, headers.get("tracestate"));
  return continued ?? newTrace();
}

/** Traces that no call has yet. To make one for a call, random digits and all, would cost several times as much. */
let unused: Trace[] = [];
const AT_ONCE = 170;

export function newTrace(): Trace {
  const trace = unused.pop();
  if (trace !== undefined) return trace;
  const digits = crypto.getRandomValues(Buffer.alloc((AT_ONCE * TRACE_DIGITS) / 2)).toString("hex");
  unused = Array.from({ length: AT_ONCE }, (_, index) => {
    return beginTrace(digits.slice(index * TRACE_DIGITS, (index + 1) * TRACE_DIGITS));
  });
  return newTrace();
}
