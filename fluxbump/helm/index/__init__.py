"""Where chart releases come from: a URL, a file, a directory."""
