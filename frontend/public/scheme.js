// Sets the colour scheme before the first paint. A file, not an inline script: the content policy allows none.
(() => {
  let saved = null;
  try {
    saved = window.localStorage.getItem("tailwatch-scheme");
  } catch {
    // storage refused: the system's scheme it is
  }
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const scheme = saved === "dark" || saved === "light" ? saved : system;
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
