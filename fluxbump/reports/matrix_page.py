"""The style of the matrix page: no color carries a meaning that its letter does not."""

BASE = """
:root {
  --page: #fbfbfd; --ink: #1c2430; --soft: #5a6675; --line: #dde2ea; --head: #f0f3f8;
  --storage: #0b5cad; --storage-ink: #ffffff; --served: #d6e8fa; --served-ink: #0b3d73;
  --deprecated: #ffe6b0; --deprecated-ink: #5c3b00; --removed: #f9d3d0; --removed-ink: #8a1510;
  --added: #dff3e3; --dropped: #fbe3e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --ink: #e6ebf2; --soft: #9aa7b8; --line: #2a323e; --head: #1a2029;
    --storage: #6cb2ff; --storage-ink: #06203c; --served: #17395c; --served-ink: #cfe5ff;
    --deprecated: #5a4107; --deprecated-ink: #ffe3a3; --removed: #58201d; --removed-ink: #ffd0cc;
    --added: #12351f; --dropped: #431c1b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem clamp(1rem, 4vw, 3rem); background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
h1 { margin: 0 0 1rem; font-size: 1.5rem; font-weight: 650; letter-spacing: -0.01em; }
.scroll {
  max-width: max-content; overflow-x: auto; border: 1px solid var(--line); border-radius: 10px;
}
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; text-align: center; }
thead th {
  background: var(--head); border-block: 1px solid var(--line); font-size: 0.85rem;
  font-weight: 600; vertical-align: bottom; white-space: nowrap;
}
"""
"""What every page has: colours for light and dark, body, heading, tables that scroll."""

CSS = (
    BASE
    + """
.legend {
  display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; margin: 0 0 1.25rem; padding: 0;
  list-style: none; color: var(--soft);
}
caption { padding: 0.75rem 1rem; color: var(--soft); text-align: left; }
thead th:nth-child(-n + 2) { text-align: left; }
tbody + tbody th, tbody + tbody tr:first-child td { border-top: 0; }
tbody tr:last-child > *, tbody .kind { border-bottom: 1px solid var(--line); }
tbody:last-child tr:last-child > *, tbody:last-child .kind { border-bottom: 0; }
.kind {
  position: sticky; left: 0; background: var(--page); text-align: left; vertical-align: top;
  font-weight: 600;
}
.kind small { display: block; color: var(--soft); font-weight: 400; }
.version {
  color: var(--soft); text-align: left; font: 0.9rem ui-monospace, "DejaVu Sans Mono", monospace;
}
.cell {
  display: inline-block; min-width: 2.1rem; padding: 0.1rem 0.4rem; border-radius: 6px;
  font-weight: 650; text-align: center;
}
.storage { background: var(--storage); color: var(--storage-ink); }
.served { background: var(--served); color: var(--served-ink); }
.deprecated, .unserved { background: var(--deprecated); color: var(--deprecated-ink); }
.removed { background: var(--removed); color: var(--removed-ink); }
.absent { color: var(--soft); font-weight: 400; }
.words {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
@media print { .scroll { overflow: visible; border: 0; } }
"""
)
