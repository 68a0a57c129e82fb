/**
 * A stand-in for the API: the contract's calls over an invented market, and the built dashboard under the API's own
 * content policy. `node mock/server.ts [--port 8000] [--interval 250] [--seed 7] [--replay]`
 *
 * POST /mock/<action> plays a fault: `drop` (close every stream), `down` (answer 502 until `up`), `silence` (streams
 * stay open and say nothing until `speak`), `garbage` (one broken event), `reset`, `breach` (an alert), `freeze` and
 * `thaw` (no new snapshots, status goes on).
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Candidate } from "../src/client/types.ts";
import { Mock } from "./mock.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

function serveFile(path: string, response: ServerResponse): void {
  const wanted = join(DIST, normalize(path));
  const inside = wanted.startsWith(DIST + sep) && existsSync(wanted) && statSync(wanted).isFile();
  const file = inside ? wanted : join(DIST, "index.html");
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
  });
  createReadStream(file).pipe(response);
}

interface Answer {
  status: number;
  body: unknown;
}

const ok = (body: unknown): Answer => ({ status: 200, body });

const problem = (status: number, detail: string, reason: string | null = null): Answer => ({
  status,
  body: { type: "about:blank", title: "Error", status, detail, reason },
});

function portfolios(
  mock: Mock,
  id: string | undefined,
  call: string | undefined,
  search: URLSearchParams,
): Answer {
  if (id === undefined) return ok(mock.summaries());
  const held = mock.latest(id);
  if (held === null) return problem(404, "there is no portfolio of this name");
  if (call === "history") return ok(mock.history(id, search));
  const reason = held.measures[0]?.reason ?? null;
  return reason === null ? ok(held) : problem(503, `portfolio ${id} is ${reason}`, reason);
}

function send({ status, body }: Answer, response: ServerResponse): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

async function answerWhatIf(
  mock: Mock,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = JSON.parse(await text(request)) as { trades: Candidate[] };
  const answer = mock.whatIf(id, body.trades);
  send(answer === null ? problem(404, "there is no portfolio of this name") : ok(answer), response);
}

function route(mock: Mock, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://mock");
  const [first, , call, id, , detail] = url.pathname.split("/").slice(1).map(decodeURIComponent);
  if (first === "mock")
    send(mock.play(url.pathname.slice(6)) ? ok({}) : problem(404, "no such fault"), response);
  else if (first !== "api") serveFile(decodeURIComponent(url.pathname), response);
  else if (mock.down) send(problem(502, "bad gateway"), response);
  else if (id !== undefined && url.pathname.endsWith("/what-if"))
    void answerWhatIf(mock, id, request, response);
  else if (call === "stream") mock.join(request, response);
  else if (call === "portfolios") send(portfolios(mock, id, detail, url.searchParams), response);
  else send(problem(404, "no such call"), response);
}

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8000" },
    interval: { type: "string", default: "250" },
    seed: { type: "string", default: "7" },
    replay: { type: "boolean", default: false },
  },
});
const mock = new Mock({
  intervalMs: Number(values.interval),
  seed: Number(values.seed),
  replay: values.replay,
});
mock.start();
createServer((request, response) => route(mock, request, response)).listen(
  Number(values.port),
  "127.0.0.1",
  () => console.log(`mock on http://127.0.0.1:${values.port}`),
);
