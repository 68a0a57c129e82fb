import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager } from "@mantine/core";

const SEGMENTS = { root: { backgroundColor: "var(--raised)", border: "1px solid var(--line)", padding: 2 } };

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontSizes: { xs: "11px", sm: "12px", md: "13px", lg: "15px", xl: "18px" },
  primaryColor: "blue",
  colors: {
    // Mantine's greys, in the blue cast of tokens.css.
    dark: [
      "#e7ebf3",
      "#a3adbf",
      "#8390a5",
      "#5b6678",
      "#3a4557",
      "#2b3444",
      "#1c222e",
      "#10141b",
      "#0d1117",
      "#090c11",
    ],
  },
  defaultRadius: "sm",
  components: {
    SegmentedControl: { vars: () => ({ root: { "--sc-color": "var(--segment)" } }), styles: SEGMENTS },
  },
  cursorType: "pointer",
  respectReducedMotion: true,
});

/** Mantine's own colours follow ours, which stand in tokens.css for both schemes. */
export const variables: CSSVariablesResolver = () => {
  const ours = {
    "--mantine-color-body": "var(--panel)",
    "--mantine-color-text": "var(--text)",
    "--mantine-color-dimmed": "var(--dim)",
    "--mantine-color-placeholder": "var(--faint)",
    "--mantine-color-default": "var(--raised)",
    "--mantine-color-default-hover": "var(--hover)",
    "--mantine-color-default-color": "var(--text)",
    "--mantine-color-default-border": "var(--line-strong)",
  };
  return { variables: {}, light: ours, dark: ours };
};

/** The same key as public/scheme.js, which reads it before the first paint. */
export const schemeManager = localStorageColorSchemeManager({ key: "tailwatch-scheme" });
