import { useChosen } from "../app/view.ts";
import { fetchCovariance } from "../client/http.ts";
import { CorrelationPanel } from "../panels/CorrelationPanel.tsx";
import { useAsked } from "../panels/useAsked.ts";
import { VolatilitiesPanel } from "../panels/VolatilitiesPanel.tsx";
import { useSampledPortfolio } from "../store/portfolio.ts";
import styles from "./screens.module.css";

const MOST_SYMBOLS = 100;
/** A bar of a minute moves little in five seconds. */
const AGAIN_MS = 5000;

/** How the instruments of the book move together, and how sure that is. */
export default function CorrelationScreen() {
  const { portfolio } = useChosen();
  const positions = useSampledPortfolio(2000)?.snapshot?.positions ?? [];
  const symbols = [...positions]
    .sort((one, other) => Math.abs(other.component_var ?? 0) - Math.abs(one.component_var ?? 0))
    .slice(0, MOST_SYMBOLS)
    .map(({ symbol }) => symbol)
    .sort();
  const key = symbols.length === 0 ? null : `${portfolio}|${symbols.join(",")}`;
  const asked = useAsked(key, (signal) => fetchCovariance(symbols, signal), AGAIN_MS);
  return (
    <div className={styles.correlation}>
      <CorrelationPanel {...asked} left={positions.length - symbols.length} />
      <VolatilitiesPanel covariance={asked.answer} />
    </div>
  );
}
