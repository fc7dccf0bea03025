"""Reports as one page for a browser: no script, and nothing that is loaded from elsewhere."""
