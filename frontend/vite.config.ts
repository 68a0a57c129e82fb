import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = process.env.TAILWATCH_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    // Fonts stay files: the API's content policy allows no data: URLs for them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": api, "/healthz": api, "/readyz": api } },
  test: {
    restoreMocks: true,
    // Generous: the machine may be busy, and a slow test is not a wrong one.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["tests/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "page",
          environment: "jsdom",
          include: ["tests/**/*.test.tsx"],
          setupFiles: ["tests/setup.ts"],
          css: false,
        },
      },
    ],
  },
});
