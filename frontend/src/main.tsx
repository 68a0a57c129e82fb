import "@fontsource-variable/inter";
import "./app/mantine.ts";
import "./app/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { Session } from "./store/session.ts";
import { initialState } from "./store/state.ts";
import { Store } from "./store/store.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root element");

const store = new Store(initialState(3_000));
const session = new Session(store);
session.start();
createRoot(root).render(
  <StrictMode>
    <App live={{ store, session }} />
  </StrictMode>,
);
