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
import type { Candidate, NewScenario } from "../src/client/types.ts";
import { Mock } from "./mock.ts";
import { forget, keep, scenarios } from "./questions.ts";

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

const orNoPortfolio = (answer: unknown): Answer =>
  answer === null ? problem(404, "there is no portfolio of this name") : ok(answer);

/** The calls that carry a body, or ask the engine. */
async function answer(
  mock: Mock,
  request: IncomingMessage,
  path: readonly string[],
  search: URLSearchParams,
) {
  const body = request.method === "POST" ? JSON.parse(await text(request)) : null;
  const [call, id = "", detail] = path;
  if (call === "covariance") return ok(mock.covariance((search.get("symbols") ?? "").split(",")));
  if (call === "scenarios" && request.method === "DELETE")
    return forget(id) ? ok(null) : problem(404, "none");
  if (call === "scenarios") return ok(body === null ? scenarios() : keep(body as NewScenario));
  if (detail === "what-if") return orNoPortfolio(mock.whatIf(id, (body as { trades: Candidate[] }).trades));
  return orNoPortfolio(mock.stress(id, body === null ? scenarios() : [body as NewScenario]));
}

const ASKED = /^\/api\/v1\/(covariance|scenarios|portfolios\/[^/]+\/(what-if|stress))/;

function route(mock: Mock, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://mock");
  const [first, , call, id, , detail] = url.pathname.split("/").slice(1).map(decodeURIComponent);
  if (first === "mock")
    send(mock.play(url.pathname.slice(6)) ? ok({}) : problem(404, "no such fault"), response);
  else if (first !== "api") serveFile(decodeURIComponent(url.pathname), response);
  else if (mock.down) send(problem(502, "bad gateway"), response);
  else if (ASKED.test(url.pathname)) {
    const path = url.pathname.split("/").slice(3).map(decodeURIComponent);
    void answer(mock, request, path, url.searchParams).then((told) => send(told, response));
  } else if (call === "alerts" || url.pathname.endsWith("/limits")) send(ok([]), response);
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
