"""Where chart releases come from: a URL, a registry, a file, a directory."""
