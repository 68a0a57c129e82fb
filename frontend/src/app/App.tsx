import { MantineProvider } from "@mantine/core";
import type { Live } from "../store/hooks.ts";
import { LiveContext } from "../store/hooks.ts";
import { Dashboard } from "./Dashboard.tsx";
import { schemeManager, theme, variables } from "./theme.ts";

export function App({ live }: { live: Live }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={schemeManager}
      defaultColorScheme="auto"
    >
      <LiveContext value={live}>
        <Dashboard />
      </LiveContext>
    </MantineProvider>
  );
}
