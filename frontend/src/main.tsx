import "@fontsource-variable/inter";
import "./app/mantine.ts";
import "./app/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { browserOutside } from "./alerts/outside.ts";
import { Teller } from "./alerts/teller.ts";
import { App } from "./app/App.tsx";
import { Session } from "./store/session.ts";
import { initialState } from "./store/state.ts";
import { Store } from "./store/store.ts";
import { sharedPort } from "./stream/shared.ts";
import type { Source } from "./stream/stream.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root element");

const store = new Store(initialState(3_000));
const port = sharedPort();
const teller = new Teller(browserOutside());
const session = new Session(
  store,
  port === null ? { source: (url) => new EventSource(url) as Source } : { port },
  (alerts) => teller.take(alerts),
);
session.start();
createRoot(root).render(
  <StrictMode>
    <App live={{ store, session }} />
  </StrictMode>,
);
