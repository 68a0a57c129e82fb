/** The shared worker: a hub, and a port for each tab. */
import { StreamHub, type ToHub } from "./hub.ts";
import { STREAM_URL } from "./url.ts";

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const hub = new StreamHub({ url: STREAM_URL, now: () => performance.now() });

(globalThis as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  port.onmessage = ({ data }: MessageEvent<ToHub>) => {
    if (data === "retry") hub.retryNow();
    else hub.leave(port);
  };
  hub.join(port);
};
