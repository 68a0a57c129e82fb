import { MantineProvider } from "@mantine/core";

export function App() {
  return (
    <MantineProvider>
      <h1>tailwatch</h1>
    </MantineProvider>
  );
}
