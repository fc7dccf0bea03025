"""Files as text: YAML, HCL, Markdown, versions, and which parts are live."""
