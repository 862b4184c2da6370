// Loaded before the first paint, so that a dark page never flashes white. The
// page's data-theme says light or dark; otherwise the system does.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = root.dataset.theme;
    const theme = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
    if (root.dataset.bsTheme !== theme) root.dataset.bsTheme = theme;
    root.dataset.js = "on";
  };
  apply();
  system.addEventListener("change", apply);
})();
