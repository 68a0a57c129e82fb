import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { App } from "../src/app/App.tsx";
import { initialState } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";

test("the product names itself while it waits for the server", () => {
  const store = new Store(initialState(1000));
  render(<App live={{ store, session: { look() {}, retryNow() {} } }} />);
  expect(screen.getByText("tailwatch")).toBeVisible();
  expect(screen.getByLabelText("Loading")).toBeVisible();
});
