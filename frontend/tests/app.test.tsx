import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { App } from "../src/app/App.tsx";

test("the product names itself", () => {
  render(<App />);
  expect(screen.getByText("tailwatch")).toBeVisible();
});
