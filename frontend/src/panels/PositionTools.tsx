import { Button, NativeSelect, Popover, SegmentedControl, TextInput } from "@mantine/core";
import { useChosen } from "../app/view.ts";
import { COLUMNS, type Column, toggled } from "../risk/columns.ts";
import { type Filter, SIDES, type Side } from "../risk/filter.ts";
import { GROUPINGS, type Grouping } from "../risk/groups.ts";
import { COLUMN_NAMES } from "./heads.ts";
import styles from "./PositionsPanel.module.css";

const SIDE_NAMES: Record<Side, string> = { all: "All", long: "Long", short: "Short", marked: "Marked" };
const SIDE_CHOICES = SIDES.map((value) => ({ value, label: SIDE_NAMES[value] }));
const GROUP_CHOICES = GROUPINGS.map(([value, label]) => ({ value, label }));

interface Props {
  filter: Filter;
  setFilter: (filter: Filter) => void;
  columns: readonly Column[];
  save: () => void;
}

export function PositionTools({ filter, setFilter, columns, save }: Props) {
  const { whatIf, grouping, change } = useChosen();
  return (
    <div className={styles.tools}>
      <TextInput
        size="xs"
        type="search"
        aria-label="Find a symbol"
        placeholder="Find a symbol"
        value={filter.text}
        onChange={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
      />
      <SegmentedControl
        size="xs"
        aria-label="Which positions"
        data={SIDE_CHOICES}
        value={filter.side}
        onChange={(side) => setFilter({ ...filter, side: side as Side })}
      />
      <NativeSelect
        size="xs"
        aria-label="Groups"
        data={GROUP_CHOICES}
        value={grouping}
        onChange={(event) => change({ grouping: event.currentTarget.value as Grouping })}
      />
      <ColumnChooser columns={columns} />
      <Button
        size="compact-xs"
        variant="default"
        data-tip="The rows shown, all columns, all digits, for a spreadsheet"
        onClick={save}
      >
        CSV
      </Button>
      <Button
        size="compact-xs"
        variant={whatIf ? "filled" : "default"}
        aria-pressed={whatIf}
        data-tip="What trades would do to the risk"
        onClick={() => change({ whatIf: !whatIf })}
      >
        What if
      </Button>
    </div>
  );
}

function ColumnChooser({ columns }: { columns: readonly Column[] }) {
  const { change } = useChosen();
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="compact-xs" variant="default">
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns" className={styles.chooser ?? ""}>
        {COLUMNS.map((column) => (
          <label key={column}>
            <input
              type="checkbox"
              checked={columns.includes(column)}
              onChange={() => change({ columns: toggled(columns, column) })}
            />
            {COLUMN_NAMES[column]}
          </label>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}
