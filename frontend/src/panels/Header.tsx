import { ActionIcon, SegmentedControl, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { Nav } from "../app/Nav.tsx";
import { useChosen } from "../app/view.ts";
import { confidenceLabel } from "../format/number.ts";
import { Mark, Moon, Sun } from "../parts/icons.tsx";
import { confidencesOf } from "../risk/measures.ts";
import { useShown } from "../store/hooks.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import type { State } from "../store/state.ts";
import { AlertChip } from "./AlertChip.tsx";
import { ConnectionState } from "./ConnectionState.tsx";
import styles from "./Header.module.css";
import { PortfolioChooser } from "./PortfolioChooser.tsx";

const idsOf = (state: State) => state.portfolioIds;
const USUAL = [0.95, 0.975, 0.99];

export function Header() {
  const ids = useShown(idsOf) ?? [];
  return (
    <header className={`${styles.header} not-printed`}>
      <div className={styles.brand}>
        <Mark />
        <h1>tailwatch</h1>
      </div>
      <Nav />
      <PortfolioChooser ids={ids} />
      <ConfidenceSwitch />
      <div className={styles.space} />
      <AlertChip />
      <ConnectionState />
      <SchemeToggle />
    </header>
  );
}

function ConfidenceSwitch() {
  const { confidence, change } = useChosen();
  const portfolio = useSampledPortfolio(1000);
  const offered = confidencesOf(portfolio?.snapshot ?? null);
  const text = (offered.length === 0 ? USUAL : offered).join("|");
  const data = useMemo(
    () => text.split("|").map((value) => ({ value, label: confidenceLabel(Number(value)) })),
    [text],
  );
  return (
    <SegmentedControl
      size="xs"
      aria-label="Confidence"
      data={data}
      value={String(confidence)}
      onChange={(value) => change({ confidence: Number(value) })}
    />
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("dark") === "dark";
  const name = isDark ? "Light colours" : "Dark colours";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={28}
      aria-label={name}
      data-tip={name}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      {isDark ? <Sun /> : <Moon />}
    </ActionIcon>
  );
}
