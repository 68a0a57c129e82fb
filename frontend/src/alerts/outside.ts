/** What the browser offers to tell alerts by. */
import type { Alert } from "../client/types.ts";
import { alertWords } from "../panels/alertWords.ts";
import type { Outside } from "./teller.ts";

const LOCK = "tailwatch alerts";
const TONES_HZ = { warning: [660], breach: [880, 660, 880] } as const;
const TONE_S = 0.16;

/** Drawn by the browser itself: a file would be one more thing to load when it matters. */
export function ring(level: Alert["level"]): void {
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.gain.value = 0.2;
  volume.connect(audio.destination);
  TONES_HZ[level].forEach((frequency, i) => {
    const tone = audio.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(audio.currentTime + i * TONE_S);
    tone.stop(audio.currentTime + (i + 0.9) * TONE_S);
  });
  setTimeout(() => void audio.close(), 1000 * TONE_S * 6);
}

export const canNotify = (): boolean => typeof Notification !== "undefined";

/** Asks for leave; only ever from a click. */
export const mayNotify = async (): Promise<boolean> =>
  canNotify() && (await Notification.requestPermission()) === "granted";

function notify(alert: Alert): void {
  if (!canNotify() || Notification.permission !== "granted") return;
  const told = new Notification(`${alert.portfolio}: ${alert.level}`, {
    body: alertWords(alert, ""),
    tag: alert.id,
    icon: "/mark.svg",
  });
  told.onclick = () => window.focus();
}

/** One tab holds the lock until it is gone, however it goes; where there are no locks, each tab is alone. */
function whenAlone(lead: () => void): void {
  if (navigator.locks === undefined) {
    lead();
    return;
  }
  void navigator.locks.request(LOCK, () => {
    lead();
    return new Promise<never>(() => {});
  });
}

export const browserOutside = (): Outside => ({ memory: window.localStorage, whenAlone, ring, notify });
