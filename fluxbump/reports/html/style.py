"""The style sheet of pages. A word or a mark repeats the meaning of each color."""

from fluxbump.reports.matrix_page import BASE

CSS = (
    BASE
    + """
main { max-width: 68rem; margin: 0 auto; }
h2 { margin: 2.25rem 0 0.75rem; font-size: 1.15rem; font-weight: 650; }
h3 { margin: 0; font-size: 1rem; font-weight: 600; }
p { margin: 0.4rem 0; }
code, pre, .place {
  font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.86rem;
  overflow-wrap: anywhere;
}
.verdict {
  margin: 0 0 1rem; padding: 0.8rem 1rem; border-left: 0.4rem solid; border-radius: 8px;
  font-size: 1.05rem;
}
.bad { background: var(--removed); color: var(--removed-ink); }
.doubtful { background: var(--deprecated); color: var(--deprecated-ink); }
.good { background: var(--served); color: var(--served-ink); }
.soft { color: var(--soft); }
.card {
  margin: 0 0 0.75rem; padding: 0.8rem 1rem; border: 1px solid var(--line); border-radius: 10px;
}
.card > p:last-child { margin-bottom: 0; }
.mark {
  display: inline-block; margin-right: 0.5rem; padding: 0 0.5rem; border-radius: 6px;
  font-size: 0.82rem; font-weight: 650;
}
details { margin: 0.5rem 0 0; }
summary { color: var(--soft); cursor: pointer; }
.card > details > ul { max-height: 24rem; overflow-y: auto; }
ul, ol { margin: 0.4rem 0; padding-left: 1.3rem; }
li { margin: 0.15rem 0; overflow-wrap: anywhere; }
.scroll { margin: 0.5rem 0; }
.list { width: 100%; }
.list td { overflow-wrap: anywhere; }
.list th, .list td { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.list tr:last-child td { border-bottom: 0; }
.list th:nth-child(-n + 2) { text-align: left; }
.next { padding: 0.7rem 1rem; border-radius: 8px; background: var(--head); }
.next li { list-style: none; }
.next ul { padding: 0; }
.next code { margin-right: 0.5rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, "Liberation Sans", sans-serif; }
svg .small { fill: var(--soft); font-size: 10.5px; }
svg .box { fill: var(--head); stroke: var(--soft); stroke-width: 1; }
svg .goal { fill: var(--storage); stroke: var(--storage); }
svg text.on-goal { fill: var(--storage-ink); }
svg .wrong { fill: var(--removed); stroke: var(--removed-ink); stroke-width: 1.5; }
svg text.on-wrong { fill: var(--removed-ink); }
svg .edge { fill: none; stroke: var(--soft); stroke-width: 1.3; }
svg .broken { stroke: var(--removed-ink); stroke-dasharray: 5 4; stroke-width: 1.6; }
.graph { max-width: 30rem; }
.patch { max-width: 100%; }
.patch pre { margin: 0; padding: 0.4rem 0; width: max-content; min-width: 100%; line-height: 1.5; }
.patch span { display: block; padding: 0 0.8rem; white-space: pre; }
.add { background: var(--added); }
.del { background: var(--dropped); }
.hunk { color: var(--soft); background: var(--head); }
@media (max-width: 40rem) {
  body { padding: 1.25rem 0.9rem; }
  .list thead { display: none; }
  .list, .list tbody, .list tr, .list td { display: block; }
  .list td { padding: 0.1rem 0.8rem; border: 0; }
  .list td::before { content: attr(data-label) ": "; color: var(--soft); }
  .list tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
}
@media print { details > * { display: block; } }
"""
)
