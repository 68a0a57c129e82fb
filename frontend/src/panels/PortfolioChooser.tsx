import { Select, type SelectProps } from "@mantine/core";
import { useChosen } from "../app/view.ts";
import { money } from "../format/number.ts";
import { measureOf } from "../risk/measures.ts";
import { useSampled } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Header.module.css";

const renderOption: NonNullable<SelectProps["renderOption"]> = ({ option }) => <Option id={option.value} />;

export function PortfolioChooser({ ids }: { ids: readonly string[] }) {
  const { portfolio, change } = useChosen();
  return (
    <Select
      className={styles.chooser ?? ""}
      size="xs"
      aria-label="Portfolio"
      data={ids.includes(portfolio) ? ids : [...ids, portfolio]}
      value={portfolio}
      allowDeselect={false}
      searchable={ids.length > 8}
      maxDropdownHeight={360}
      comboboxProps={{ width: 260, position: "bottom-start", shadow: "md" }}
      renderOption={renderOption}
      onChange={(value) => value !== null && change({ portfolio: value })}
    />
  );
}

const portfoliosOf = (state: State) => state.portfolios;

function Option({ id }: { id: string }) {
  const { confidence } = useChosen();
  const snapshot = useSampled(portfoliosOf, 1000)[id]?.snapshot ?? null;
  const value = measureOf(snapshot, "historical", confidence)?.var ?? null;
  return (
    <span className={styles.option}>
      <span>{id}</span>
      <small>{value === null ? "no figures" : `VaR ${money(value, snapshot?.base_currency ?? "USD")}`}</small>
    </span>
  );
}
