/** Drawn here: three icons are no reason for a library. All are decoration beside a text or a label. */

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M10.500 14V24.500H27V20.700C22.900 17.400 22.300 8 19 8c-2.400 0-3.400 3.500-4.600 7.200-.8 2.500-1.800 4.200-3.900 5.400z"
        fill="var(--parametric)"
        fillOpacity=".3"
      />
      <path d="M4 24.500h6.500v-4.200C8.900 21.500 7 22.200 4 22.400z" fill="var(--loss)" />
      <path
        d="M4 22.400c7.500-.6 9-3 10.400-7.200C15.600 11.500 16.600 8 19 8c3.300 0 3.900 9.400 9 12.900"
        fill="none"
        stroke="var(--text)"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path d="M10.500 13v12" stroke="var(--loss)" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}

export function Sun() {
  return (
    <svg
      viewBox="0 0 24 24"
      width="17"
      height="17"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <circle cx="12" cy="12" r="4.200" />
      <path
        strokeLinecap="round"
        d="M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400"
      />
    </svg>
  );
}

export function Moon() {
  return (
    <svg
      viewBox="0 0 24 24"
      width="17"
      height="17"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <path
        strokeLinejoin="round"
        d="M20 14.500A8.200 8.200 0 0 1 9.500 4a8.200 8.200 0 1 0 10.500 10.500z"
      />
    </svg>
  );
}
